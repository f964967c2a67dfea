"""OPA's data API for one document, `vatspolicy/decision` (`vatspolicy serve --api`).

`router.make_api` makes the ASGI application. It keeps and writes nothing of a request.
"""
