import os

from pymongo import MongoClient

client = MongoClient(os.environ["OLD_MONGO_URI"])
