"""The decision over HTTP (`vatspolicy serve --api`): OPA's data API for one document, `vatspolicy/decision`.

`app.make_app` makes an ASGI application (extra `serve`). It keeps nothing of a request and writes none of it anywhere.
"""
