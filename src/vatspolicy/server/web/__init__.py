"""The local page of `vatspolicy serve`: an interview, a form of every fact, the decision, remediation and the matrix.

`router.make_page` makes the ASGI application. It keeps nothing: every request carries the whole spec.
"""
