"""Data only: the templates, texts and static files of our own pages."""
