"""Whether a bucket keeps what is put into it: nobody may delete or shorten, not even who owns it."""

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from comity.errors import Refused, Unreachable
from comity.evidence.shelves import Where

_KEEPS = "COMPLIANCE"


def check(place: Where) -> None:
    """Raise Refused for a bucket whose default retention is not COMPLIANCE, Unreachable when it cannot be asked."""
    client = boto3.client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=place.region,
        aws_access_key_id=place.key,
        aws_secret_access_key=place.secret,
    )
    try:
        rule = client.get_object_lock_configuration(Bucket=place.bucket)["ObjectLockConfiguration"].get("Rule", {})
    except ClientError as error:
        if error.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
            raise Unreachable("the bucket of the vault does not say how it keeps; look at its policy") from error
        rule = {}
    except BotoCoreError as error:
        raise Unreachable("the bucket of the vault does not answer") from error
    if rule.get("DefaultRetention", {}).get("Mode") != _KEEPS:
        raise Refused(
            f"the bucket of the vault does not keep what is put into it: give it a default retention of mode {_KEEPS} "
            "(object lock is set when a bucket is made), or leave COMITY_VAULT out for a folder"
        )
