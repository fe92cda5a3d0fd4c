"""Where everything lies and listens: the only module that reads the environment."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from COMITY_… in the environment; every default is the embedded, one-machine form."""

    model_config = SettingsConfigDict(env_prefix="COMITY_", frozen=True, extra="ignore")

    home: Path = Field(Path("var"), description="all state: database, vault, keys, people, mail settings")
    database: str | None = Field(None, description="SQLAlchemy URL of register and ledger; default: a file in home")
    temporal: str | None = Field(None, description="host:port of a Temporal server; default: the embedded one")
    namespace: str = Field("comity", description="Temporal namespace")
    temporal_port: int = Field(7243, description="port of the embedded Temporal server, on loopback")
    smtp_host: str = Field("127.0.0.1", description="mail relay")
    smtp_port: int = Field(1025, description="port of the mail relay")
    mail_from: str = Field("comity@localhost", description="sender of reminders")
    digest_seconds: float = Field(
        3.0, ge=0, description="how long a reminder below P1d waits for others, to be one mail with them; 0: never"
    )
    vault: str | None = Field(None, description="s3://BUCKET/PREFIX of the exhibits; default: a folder in home")
    vault_endpoint: str | None = Field(None, description="URL of the S3 server; default: AWS's of the region")
    vault_region: str = Field("us-east-1", description="region of the bucket")
    vault_key: str | None = Field(None, description="access key id; default: the role of the machine")
    vault_secret: SecretStr | None = Field(None, description="secret access key that goes with it")
    tsa: str | None = Field(
        None, description="URL of a timestamp authority (RFC 3161); none: packages have no timestamp"
    )
    tsa_certificates: Path | None = Field(None, description="PEM file with the certificates that it must have")
    law: str = Field(
        "default", description="name of the set of ladders and default clocks; `demo` only for the demo's home"
    )
    origin: str = Field("comity.example/ledger", description="name of the ledger, first line of its checkpoints")
    own_state: str = Field("LU", description="ISO 3166-1 alpha-2 code of the State whose central authority this is")
    zone: str = Field("Europe/Luxembourg", description="IANA time zone of the central authority")
    otlp: str | None = Field(None, description="OTLP/HTTP endpoint for spans; none: spans are not exported")

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the one database."""
        return self.database or f"sqlite:///{self.home.absolute() / 'comity.db'}"

    @property
    def temporal_address(self) -> str:
        """host:port of the Temporal server that is spoken to."""
        return self.temporal or f"127.0.0.1:{self.temporal_port}"
