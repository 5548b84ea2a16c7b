from dynaconf import Dynaconf, Validator

settings = Dynaconf(
    envvar_prefix="SHOP",
    settings_files=["settings.toml"],
    validators=[Validator("TOKEN", must_exist=True)],
)
