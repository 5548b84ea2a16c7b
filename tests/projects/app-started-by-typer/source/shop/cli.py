import typer
import uvicorn

cli = typer.Typer()


@cli.command()
def serve(port: int = typer.Option(8100), workers: int = 2):
    uvicorn.run("shop.web:app", host="0.0.0.0", port=port, workers=workers)
