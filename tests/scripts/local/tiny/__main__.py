"""A small platform: one service behind a load balancer, a user pool, a database, a generated secret."""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.generated_secret import GeneratedSecret

config = pulumi.Config()
port = config.require_object("local")["ports"]["gateway"]

vpc = aws.ec2.Vpc("tiny", cidr_block="10.0.0.0/16")
subnets = [
    aws.ec2.Subnet(
        f"tiny-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{number}.0/24", availability_zone=f"eu-central-1{zone}"
    )
    for number, zone in enumerate("ab")
]
balancer = aws.lb.LoadBalancer("tiny", subnets=[subnet.id for subnet in subnets])
group = aws.lb.TargetGroup("tiny", vpc_id=vpc.id, port=port, protocol="HTTP", target_type="ip")
aws.lb.Listener(
    "tiny",
    load_balancer_arn=balancer.arn,
    port=80,
    protocol="HTTP",
    default_actions=[{"type": "forward", "target_group_arn": group.arn}],
)

pool = aws.cognito.UserPool("tiny", username_attributes=["email"])
database = aws.rds.Instance(
    "tiny", engine="postgres", instance_class="db.t4g.micro", allocated_storage=20, db_name="tiny", username="boss",
    manage_master_user_password=True, skip_final_snapshot=True,
)  # fmt: skip
secret = aws.secretsmanager.Secret("tiny")
generated = GeneratedSecret("tiny", region="eu-central-1", secret_id=secret.arn)

definition = aws.ecs.TaskDefinition(
    "tiny",
    family="tiny",
    container_definitions=pulumi.Output.all(secret.arn, generated.version_id).apply(
        lambda known: json.dumps(
            [
                {
                    "name": "gateway",
                    "image": "tiny",
                    "cpu": 10,
                    "memory": 128,
                    "command": ["python", str(Path(__file__).with_name("serve.py")), config.require("mode"), str(port)],
                    "portMappings": [{"containerPort": port}],
                    "environment": [{"name": "COLOUR", "value": "red"}],
                    "secrets": [{"name": "KEY", "valueFrom": known[0]}],
                }
            ]
        )
    ),
)
cluster = aws.ecs.Cluster("tiny")
aws.ecs.Service(
    "tiny",
    cluster=cluster.arn,
    task_definition=definition.arn,
    desired_count=1,
    load_balancers=[{"target_group_arn": group.arn, "container_name": "gateway", "container_port": port}],
)

pulumi.export("url", pulumi.Output.concat("http://", balancer.dns_name))
pulumi.export("pool", pool.id)
pulumi.export("database", database.endpoint)
pulumi.export("key", pulumi.Output.secret(secret.arn))
