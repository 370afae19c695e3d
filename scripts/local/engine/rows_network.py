"""VPC, subnets, routes and security groups."""

from __future__ import annotations

from scripts.local.engine.rows import Creation, Row


def set_vpc_attributes(creation: Creation) -> None:
    """DNS support and host names are attributes that are set afterwards, one call each."""
    for name, attribute in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        if creation.inputs.get(name) is not None:
            creation.call(
                "ec2.modify_vpc_attribute", VpcId=creation.id, **{attribute: {"Value": creation.inputs[name]}}
            )
    creation.outputs["arn"] = creation.arn("ec2", f"vpc/{creation.id}")


def attach_gateway(creation: Creation) -> None:
    """Pulumi's gateway includes its attachment."""
    if creation.inputs.get("vpcId"):
        creation.call(
            "ec2.attach_internet_gateway", InternetGatewayId=creation.id, VpcId=creation.inputs["vpcId"]
        )  # fmt: skip


def drop_default_egress(creation: Creation) -> None:
    """AWS lets a new group out to everywhere; Pulumi's provider takes that rule away."""
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    creation.call("ec2.revoke_security_group_egress", GroupId=creation.id, IpPermissions=[everywhere])


def name_group(creation: Creation) -> None:
    """Pulumi's default description, without which AWS makes no group."""
    creation.inputs.setdefault("description", "Managed by Pulumi")


def to_permission(creation: Creation) -> None:
    """A rule resource has flat inputs; the call wants a list of permissions with lists in them."""
    given = creation.inputs
    described = {"description": given.pop("description")} if given.get("description") else {}
    permission = {name: given.pop(name) for name in ("ipProtocol", "fromPort", "toPort") if given.get(name) is not None}
    sources = {
        "cidrIpv4": ("ipRanges", "cidrIp"),
        "referencedSecurityGroupId": ("userIdGroupPairs", "groupId"),
    }
    for name, (ranges, member) in sources.items():
        if given.get(name):
            permission[ranges] = [{member: given.pop(name), **described}]
    given["groupId"] = given.pop("securityGroupId")
    given["ipPermissions"] = [permission]


def find_namespace(creation: Creation) -> None:
    """A namespace is made by an operation, which names it once it is done."""
    operation = creation.call("servicediscovery.get_operation", OperationId=creation.id)["Operation"]
    creation.id = operation["Targets"]["NAMESPACE"]
    creation.outputs["arn"] = creation.arn("servicediscovery", f"namespace/{creation.id}")


def rule(direction: str) -> Row:
    """A row for rules of one direction, "ingress" or "egress"."""
    return Row(
        create=f"ec2.authorize_security_group_{direction}",
        id="SecurityGroupRules.0.SecurityGroupRuleId",
        outputs={"securityGroupRuleId": "SecurityGroupRules.0.SecurityGroupRuleId"},
        tag_type="security-group-rule",
        prepare=to_permission,
    )


ROWS = {
    "aws:ec2/vpc:Vpc": Row(
        create="ec2.create_vpc",
        id="Vpc.VpcId",
        outputs_from="Vpc",
        tag_type="vpc",
        elsewhere=frozenset({"enableDnsHostnames", "enableDnsSupport"}),
        finish=set_vpc_attributes,
    ),
    "aws:ec2/internetGateway:InternetGateway": Row(
        create="ec2.create_internet_gateway",
        id="InternetGateway.InternetGatewayId",
        tag_type="internet-gateway",
        elsewhere=frozenset({"vpcId"}),
        finish=attach_gateway,
    ),
    "aws:ec2/subnet:Subnet": Row(
        create="ec2.create_subnet",
        id="Subnet.SubnetId",
        outputs_from="Subnet",
        outputs={"arn": "Subnet.SubnetArn"},
        tag_type="subnet",
    ),
    "aws:ec2/routeTable:RouteTable": Row(
        create="ec2.create_route_table", id="RouteTable.RouteTableId", tag_type="route-table"
    ),
    "aws:ec2/route:Route": Row(create="ec2.create_route", id="input:routeTableId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Row(create="ec2.associate_route_table", id="AssociationId"),
    "aws:ec2/securityGroup:SecurityGroup": Row(
        create="ec2.create_security_group",
        id="GroupId",
        outputs={"arn": "SecurityGroupArn"},
        name="GroupName",
        rename={"name": "GroupName"},
        tag_type="security-group",
        prepare=name_group,
        finish=drop_default_egress,
    ),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": Row(
        create="servicediscovery.create_private_dns_namespace",
        id="OperationId",
        name="Name",
        finish=find_namespace,
    ),
    "aws:servicediscovery/service:Service": Row(
        create="servicediscovery.create_service",
        id="Service.Id",
        outputs={"arn": "Service.Arn"},
        name="Name",
        elsewhere=frozenset({"forceDestroy"}),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rule("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": rule("egress"),
}
