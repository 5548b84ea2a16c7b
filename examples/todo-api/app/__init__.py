"""Tasks for many users, by API key."""
