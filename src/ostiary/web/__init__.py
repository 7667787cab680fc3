"""HTTP on Werkzeug's own request and response: the guard, CSRF, redirects, cookies, answers. No framework."""
