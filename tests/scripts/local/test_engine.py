"""The in-process engine, with small programs against real emulators."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.local.engine.cloud import Cloud
from scripts.local.engine.errors import ProgramError, ResourceError, UnmappedError
from scripts.local.engine.rows_cognito import covers
from scripts.local.errors import LocalRunError
from tests.scripts.local.conftest import REGION, Engine


def test_a_program_makes_its_resources_and_exports_their_outputs(engine: Engine) -> None:
    report = engine.run(
        """
        vpc = aws.ec2.Vpc("main", cidr_block="10.9.0.0/16", enable_dns_hostnames=True)
        subnet = aws.ec2.Subnet("a", vpc_id=vpc.id, cidr_block="10.9.1.0/24")
        pulumi.export("vpc", vpc.id)
        pulumi.export("region", vpc.region)
        pulumi.export("subnet_vpc", subnet.vpc_id)
        """
    )
    vpc = report.outputs["vpc"]
    assert report.outputs == {"vpc": vpc, "region": REGION, "subnet_vpc": vpc}
    ec2 = engine.client("ec2")
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"] == "10.9.0.0/16"
    attribute = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert attribute["EnableDnsHostnames"] == {"Value": True}


def test_every_unknown_type_and_input_is_named_at_once(engine: Engine) -> None:
    with pytest.raises(UnmappedError) as caught:
        engine.run(
            """
            aws.sqs.Queue("jobs")
            vpc = aws.ec2.Vpc("main", cidr_block="10.9.0.0/16", enable_network_address_usage_metrics=True)
            aws.sqs.Queue("more", name=vpc.id)
            """
        )
    assert caught.value.problems == [
        'aws:ec2/vpc:Vpc "main": no place for its input enableNetworkAddressUsageMetrics',
        'aws:sqs/queue:Queue "jobs": no row for this type',
        'aws:sqs/queue:Queue "more": no row for this type',
    ]


def test_after_an_unknown_type_nothing_more_is_made(engine: Engine) -> None:
    with pytest.raises(UnmappedError):
        engine.run(
            """
            queue = aws.sqs.Queue("jobs")
            aws.cloudwatch.LogGroup("late", name=queue.id.apply(lambda _: "/late"))
            """
        )
    assert engine.client("logs").describe_log_groups(logGroupNamePrefix="/late")["logGroups"] == []


def test_an_unknown_function_is_named(engine: Engine) -> None:
    with pytest.raises(UnmappedError, match="aws:ec2/getVpc:getVpc"):
        engine.run('aws.ec2.get_vpc(id="vpc-1")')


def test_reading_an_existing_resource_is_refused(engine: Engine) -> None:
    with pytest.raises(UnmappedError, match='"main": it is read'):
        engine.run('aws.ec2.Vpc.get("main", "vpc-1")')


def test_another_provider_than_the_default_one_is_refused(engine: Engine) -> None:
    with pytest.raises(UnmappedError, match='pulumi:providers:aws "other": only the default provider is known'):
        engine.run(
            """
            other = aws.Provider("other", region="us-east-1")
            aws.ec2.Vpc("main", cidr_block="10.9.0.0/16", opts=pulumi.ResourceOptions(provider=other))
            """
        )


def test_an_output_that_no_row_answers_is_named(engine: Engine) -> None:
    with pytest.raises(UnmappedError, match="stack output table"):
        engine.run(
            """
            vpc = aws.ec2.Vpc("main", cidr_block="10.9.0.0/16")
            pulumi.export("table", vpc.main_route_table_id)
            """
        )


def test_a_refusal_of_the_emulator_names_the_resource_and_the_call(engine: Engine) -> None:
    with pytest.raises(ResourceError, match=r'Subnet "lost": ec2.create_subnet: .*InvalidVpcID.NotFound'):
        engine.run('aws.ec2.Subnet("lost", vpc_id="vpc-0", cidr_block="10.0.0.0/24")')


def test_what_the_program_itself_refuses_is_told_in_its_own_words(engine: Engine) -> None:
    with pytest.raises(ProgramError, match=r"^choose a tier$"):
        engine.run('raise pulumi.RunError("choose a tier")')


def test_a_missing_configuration_key_is_told_without_a_trace(engine: Engine) -> None:
    with pytest.raises(ProgramError, match="tiny:colour"):
        engine.run('pulumi.Config().require("colour")')


def test_a_bug_of_the_program_surfaces_as_itself(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        engine.run("1 / 0")


def test_a_secret_input_stays_secret_in_the_outputs(engine: Engine) -> None:
    report = engine.run(
        """
        secret = aws.secretsmanager.Secret("s")
        version = aws.secretsmanager.SecretVersion(
            "s", secret_id=secret.id, secret_string=pulumi.Output.secret("hush"))
        pulumi.export("value", version.secret_string)
        pulumi.export("arn", version.secret_arn)
        """
    )
    assert report.secret_outputs == {"value"}
    assert report.outputs["value"] == "hush"
    stored = engine.client("secretsmanager").get_secret_value(SecretId=report.outputs["arn"])
    assert stored["SecretString"] == "hush"


POOL = """
    pool = aws.cognito.UserPool("{name}", username_attributes={attributes},
        password_policy={{"minimum_length": {length}, "require_lowercase": True, "require_numbers": True,
            "require_symbols": True, "require_uppercase": True}},
        mfa_configuration="OPTIONAL", software_token_mfa_configuration={{"enabled": True}})
    client = aws.cognito.UserPoolClient("{name}", user_pool_id=pool.id, generate_secret=True,
        access_token_validity={minutes}, token_validity_units={{"access_token": "minutes"}},
        explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"])
    aws.cognito.UserGroup("admin", name="admin", user_pool_id=pool.id)
    aws.cognito.UserPoolDomain("d", domain="{name}", user_pool_id=pool.id)
    for name, value in dict(pool=pool.id, client=client.id, secret=client.client_secret).items():
        pulumi.export(name, value)
"""


def pool(name: str, *, length: int = 12, minutes: int = 10, attributes: str = '["email"]') -> str:
    return POOL.format(name=name, length=length, minutes=minutes, attributes=attributes)


def test_a_second_run_finds_the_same_user_pool_client_and_secret(engine: Engine) -> None:
    first = engine.run(pool("kept"))
    second = engine.run(pool("kept"))
    assert second.outputs == first.outputs
    assert first.secret_outputs == {"secret"}
    users = engine.client("cognito-idp")
    groups = users.list_groups(UserPoolId=first.outputs["pool"])["Groups"]
    assert [group["GroupName"] for group in groups] == ["admin"]


def test_a_second_run_brings_the_user_pool_up_to_date(engine: Engine) -> None:
    engine.run(pool("moved"))
    outputs = engine.run(pool("moved", length=16, minutes=20)).outputs
    users = engine.client("cognito-idp")
    described = users.describe_user_pool(UserPoolId=outputs["pool"])["UserPool"]
    client = users.describe_user_pool_client(UserPoolId=outputs["pool"], ClientId=outputs["client"])["UserPoolClient"]
    assert described["Policies"]["PasswordPolicy"]["MinimumLength"] == 16
    assert described["MfaConfiguration"] == "OPTIONAL"
    assert client["AccessTokenValidity"] == 20


def test_what_only_a_new_user_pool_could_have_is_refused_with_the_way_out(engine: Engine) -> None:
    engine.run(pool("fixed"))
    with pytest.raises(ResourceError, match=r"UsernameAttributes .* cannot change .* `make reset`"):
        engine.run(pool("fixed", attributes='["phone_number"]'))


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ({"a": 1, "default": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": 1}, False),
        (["x", "y"], ["y", "x"], True),
        (["x", "y"], ["x"], False),
        ([{"a": 1, "default": 2}], [{"a": 1}], True),
    ],
)
def test_what_is_kept_is_held_against_what_is_wanted(found: object, wanted: object, expected: bool) -> None:
    assert covers(found, wanted) is expected


GENERATED = """
    import dill
    from pulumi import dynamic

    class Provider(dynamic.ResourceProvider):
        def check(self, olds, news):
            problems = [] if news["length"] else [dynamic.CheckFailure("length", "must not be 0")]
            return dynamic.CheckResult(news, problems)

        def create(self, props):
            import boto3
            client = boto3.client("secretsmanager", region_name=props["region"])
            found = client.describe_secret(SecretId=props["secret_id"]).get("VersionIdsToStages")
            if not found:
                value = client.get_random_password(PasswordLength=int(props["length"]))["RandomPassword"]
                client.put_secret_value(SecretId=props["secret_id"], SecretString=value)
            return dynamic.CreateResult(props["secret_id"], {{"was_empty": not found}})

    class GeneratedSecret(dynamic.Resource, module="sri", name="GeneratedSecret"):
        was_empty: pulumi.Output[bool]
        def __init__(self, name, **props):
            super().__init__(Provider(), name, {{**props, "was_empty": None}})

    secret = aws.secretsmanager.Secret("{name}")
    generated = GeneratedSecret("{name}", secret_id=secret.arn, region="{region}", length={length})
    pulumi.export("arn", secret.arn)
    pulumi.export("was_empty", generated.was_empty)
"""


def test_a_dynamic_resource_runs_its_own_code(engine: Engine) -> None:
    outputs = engine.run(GENERATED.format(name="fresh", region=REGION, length=20)).outputs
    value = engine.client("secretsmanager").get_secret_value(SecretId=outputs["arn"])["SecretString"]
    assert outputs["was_empty"] is True
    assert len(value) == 20


def test_a_dynamic_resources_own_check_is_heard(engine: Engine) -> None:
    with pytest.raises(ResourceError, match=r'sri:GeneratedSecret "none": length: must not be 0'):
        engine.run(GENERATED.format(name="none", region=REGION, length=0))


def test_a_generated_value_is_the_same_in_a_later_run_on_an_empty_emulator(engine: Engine) -> None:
    secrets = engine.client("secretsmanager")
    program = GENERATED.format(name="lasting", region=REGION, length=20)
    first = secrets.get_secret_value(SecretId=engine.run(program).outputs["arn"])["SecretString"]
    secrets.delete_secret(SecretId="lasting", ForceDeleteWithoutRecovery=True)
    again = engine.run(program).outputs
    assert again["was_empty"] is False
    assert secrets.get_secret_value(SecretId=again["arn"])["SecretString"] == first
    assert engine.state.secrets.stat().st_mode & 0o777 == 0o600


MIGRATION = """
    from pulumi import dynamic
    class MigrationRun(dynamic.Resource, module="sri", name="MigrationRun"):
        task_definition: pulumi.Output[str]
        def __init__(self, name, **props):
            super().__init__(dynamic.ResourceProvider(), name, props)
    run = MigrationRun("data", task_definition="arn:aws:ecs:task/data:1")
    pulumi.export("ran", run.task_definition)
"""


def test_a_migration_runs_its_task_here(engine: Engine) -> None:
    assert engine.run(MIGRATION).outputs == {"ran": "arn:aws:ecs:task/data:1"}
    assert engine.tasks == ["arn:aws:ecs:task/data:1"]


def test_a_failed_migration_fails_the_run_with_its_reason(engine: Engine) -> None:
    def fail(_cloud: Cloud, _definition: str) -> None:
        raise LocalRunError("data-migrate ended with 3: no such table")

    engine.run_task = fail
    with pytest.raises(ResourceError, match=r'MigrationRun "data": data-migrate ended with 3'):
        engine.run(MIGRATION)


def test_default_tags_reach_every_resource_and_give_way_to_its_own(engine: Engine) -> None:
    tags = {"tags": {"Project": "tiny", "Owner": "all"}}
    outputs = engine.run(
        """
        vpc = aws.ec2.Vpc("tagged", cidr_block="10.9.0.0/16", tags={"Owner": "net"})
        pulumi.export("id", vpc.id)
        """,
        {"aws:defaultTags": json.dumps(tags)},
    ).outputs
    vpc: dict[str, Any] = engine.client("ec2").describe_vpcs(VpcIds=[outputs["id"]])["Vpcs"][0]
    assert {tag["Key"]: tag["Value"] for tag in vpc["Tags"]} == {"Project": "tiny", "Owner": "net"}


def test_an_image_has_a_digest_that_its_repository_lists_and_that_follows_its_content(engine: Engine) -> None:
    program = """
        import pulumi_docker as docker
        repository = aws.ecr.Repository("app-{name}")
        image = docker.Image("app", build={{"context": "{context}"}},
            image_name=pulumi.Output.concat(repository.repository_url, ":1"))
        pulumi.export("digest", image.repo_digest)
    """
    digests = [
        engine.run(program.format(name=name, context=context)).outputs["digest"].partition("@")[2]
        for name, context in (("a", "x"), ("b", "y"))
    ]
    listed = engine.client("ecr").describe_images(repositoryName="app-a")["imageDetails"]
    assert [image["imageDigest"] for image in listed] == digests[:1]
    assert digests[0] != digests[1]


def test_the_load_balancer_is_this_machine(engine: Engine) -> None:
    outputs = engine.run(
        """
        vpc = aws.ec2.Vpc("main", cidr_block="10.9.0.0/16")
        subnets = [aws.ec2.Subnet(f"s{n}", vpc_id=vpc.id, cidr_block=f"10.9.{n}.0/24",
            availability_zone=f"eu-central-1{zone}") for n, zone in enumerate("ab")]
        balancer = aws.lb.LoadBalancer("edge", subnets=[subnet.id for subnet in subnets])
        pulumi.export("name", balancer.dns_name)
        """
    ).outputs
    assert outputs == {"name": "localhost:8080"}


def test_the_managed_master_secret_is_that_of_the_real_server(engine: Engine) -> None:
    outputs = engine.run(
        """
        database = aws.rds.Instance("db", engine="postgres", instance_class="db.t4g.micro", allocated_storage=20,
            username="postgres", manage_master_user_password=True, skip_final_snapshot=True)
        pulumi.export("endpoint", database.endpoint)
        pulumi.export("secret", database.master_user_secrets[0].secret_arn)
        """
    ).outputs
    stored = engine.client("secretsmanager").get_secret_value(SecretId=outputs["secret"])["SecretString"]
    assert outputs["endpoint"] == "127.0.0.1:15432"
    assert json.loads(stored) == {"username": "boss", "password": "the-real-password"}
