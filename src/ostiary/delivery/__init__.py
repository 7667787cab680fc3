"""Delivery: mail as a message, its templates, and the ways it leaves by SMTP, to the console or into memory."""
