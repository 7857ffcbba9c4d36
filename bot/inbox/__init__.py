"""One message in: verify, claim once, answer within the platform's deadline or later by push. Runs in the web process, thinks nothing.

What is always answered the same is answered here (``always``).
"""
