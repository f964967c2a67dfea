"""Decisions over HTTP (`vatspolicy serve`): one application, one guard and one form of errors for two routers.

`api` answers programs as OPA's data API does, `web` serves the local page. Both need the extra `serve`.
"""
