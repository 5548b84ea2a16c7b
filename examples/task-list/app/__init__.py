"""A list of tasks: create, find, order, edit and delete them."""
