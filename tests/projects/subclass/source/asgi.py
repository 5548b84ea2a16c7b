from core.web import Service

service = Service()
