"""Language server for policies, their tests and specs: findings, completion, hover, navigation, rename, tests.

Everything is computed on plain texts and places; `server` alone knows the protocol.
"""
