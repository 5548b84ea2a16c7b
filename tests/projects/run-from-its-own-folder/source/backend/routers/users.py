from store import load
