"""Status, search and relations over a tree of Markdown documents: epics, stories, plans, bugs."""
