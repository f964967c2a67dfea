"""The local page of `vatspolicy serve`: an interview, a form of every fact, the decision, ways forward and the matrix.

`app.make_app` makes an ASGI application (extra `serve`). It keeps nothing: every request carries the whole spec.
"""
