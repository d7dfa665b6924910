"""OpenRefine's knowledge without its server: operation histories run in-process, its clustering keys, a client for a real one.

`history` reads and refuses, `grel` and `jython` read expressions, `patterns` regular expressions, `execute` applies a history
to a table, `tables` reads and writes CSV as text, `clustering` has the fingerprint keys. Meaning is that of OpenRefine 3.8.7,
held against its own results.

Talking to a real server is `server.py`'s. Both are our own because the one client on PyPI by OpenRefine's name,
`openrefine-client`, is Python 2 only, and because a history may hold Jython: on a server that is any code in the server's
account, here it is a comparison of text or it is refused.
"""
