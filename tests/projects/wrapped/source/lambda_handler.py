from mangum import Mangum

from main import api

handler = Mangum(api)
