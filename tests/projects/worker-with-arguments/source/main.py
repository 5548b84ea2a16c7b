from fastapi import FastAPI

from jobs.mail import send

app = FastAPI()


@app.post("/mails")
def mail():
    send.send()
