"""The revisions of this service's schema, in the order of their numbers."""
