"""Rules about what is kept: databases, buckets, repositories, secrets."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Inputs, principals, rule, statements

INSTANCE = "aws:rds/instance:Instance"
CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
REPOSITORY = "aws:ecr/repository:Repository"


@rule(INSTANCE, MEMBER)
def database_is_private(inputs: Inputs) -> Iterator[str]:
    """No database has a public address."""
    if inputs.get("publiclyAccessible") is not False:
        yield "publiclyAccessible is not off"


@rule(INSTANCE, CLUSTER)
def database_is_encrypted(inputs: Inputs) -> Iterator[str]:
    """Storage, backups and snapshots are encrypted."""
    if inputs.get("storageEncrypted") is not True:
        yield "storageEncrypted is off"


@rule(INSTANCE, CLUSTER)
def database_password_is_nobodys(inputs: Inputs) -> Iterator[str]:
    """RDS makes the master password and rotates it."""
    if inputs.get("manageMasterUserPassword") is not True or inputs.get("password") or inputs.get("masterPassword"):
        yield "the master password is not managed by RDS"


@rule("aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup")
def database_demands_tls(inputs: Inputs) -> Iterator[str]:
    """Connections without TLS are refused."""
    given = {parameter.get("name"): str(parameter.get("value")) for parameter in inputs.get("parameters") or []}
    if given.get("rds.force_ssl") != "1":
        yield "rds.force_ssl is not 1"


@rule(INSTANCE, CLUSTER)
def database_keeps_backups(inputs: Inputs) -> Iterator[str]:
    """There is a backup, and with it recovery to any point in time."""
    if not inputs.get("backupRetentionPeriod"):
        yield "backupRetentionPeriod is 0"


@rule(INSTANCE, CLUSTER)
def protected_database_leaves_a_snapshot(inputs: Inputs) -> Iterator[str]:
    """Whoever is protected from deletion leaves a final snapshot when it goes all the same."""
    if inputs.get("deletionProtection") and (
        inputs.get("skipFinalSnapshot") or not inputs.get("finalSnapshotIdentifier")
    ):
        yield "deletionProtection is on, and no final snapshot is taken"


@rule(INSTANCE, CLUSTER)
def database_changes_major_versions_by_hand(inputs: Inputs) -> Iterator[str]:
    """No update moves people's data to another major version by itself."""
    if inputs.get("allowMajorVersionUpgrade"):
        yield "allowMajorVersionUpgrade is on"


@rule("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def bucket_blocks_all_public_access(inputs: Inputs) -> Iterator[str]:
    """All four blocks are on."""
    for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if inputs.get(name) is not True:
            yield f"{name} is off"


@rule("aws:s3/bucket:Bucket")
def bucket_has_no_acl(inputs: Inputs) -> Iterator[str]:
    """Policies say who may do what; access control lists hide it."""
    if inputs.get("acl") or inputs.get("grants"):
        yield "the bucket has an access control list"


@rule(
    "aws:s3/bucketPolicy:BucketPolicy", "aws:sns/topicPolicy:TopicPolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy"
)
def nothing_is_open_to_everybody(inputs: Inputs) -> Iterator[str]:
    """No resource's policy allows anything to everybody."""
    for statement in statements(inputs.get("policy")):
        if statement.get("Effect") == "Allow" and "*" in principals(statement):
            yield f"everybody may {statement.get('Action')}"


@rule("aws:s3/bucketPolicy:BucketPolicy")
def bucket_demands_tls(inputs: Inputs) -> Iterator[str]:
    """Requests without TLS are refused."""
    found = statements(inputs.get("policy"))
    if found and not any(s.get("Effect") == "Deny" and "aws:SecureTransport" in str(s.get("Condition")) for s in found):
        yield "nothing denies requests without TLS"


@rule("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def bucket_is_encrypted(inputs: Inputs) -> Iterator[str]:
    """Objects are encrypted with AES-256 or a key of KMS."""
    for entry in inputs.get("rules") or [{}]:
        algorithm = (entry.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm")
        if algorithm not in ("AES256", "aws:kms", "aws:kms:dsse"):
            yield f"sseAlgorithm is {algorithm!r}"


@rule(REPOSITORY)
def image_tags_never_move(inputs: Inputs) -> Iterator[str]:
    """A tag names one image for ever."""
    if inputs.get("imageTagMutability") != "IMMUTABLE":
        yield f"imageTagMutability is {inputs.get('imageTagMutability')!r}"


@rule(REPOSITORY)
def images_are_scanned(inputs: Inputs) -> Iterator[str]:
    """Images are scanned when they are pushed."""
    if not (inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"):
        yield "scanOnPush is off"
