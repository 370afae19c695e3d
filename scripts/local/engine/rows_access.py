"""Roles, policies and keys."""

from __future__ import annotations

from scripts.local.engine.rows import Creation, Row


def rotate(creation: Creation) -> None:
    """Rotation is switched on by a call of its own."""
    if creation.given.get("enableKeyRotation"):
        creation.call("kms.enable_key_rotation", KeyId=creation.id)


ROWS = {
    "aws:iam/role:Role": Row(
        create="iam.create_role",
        id="Role.RoleName",
        outputs_from="Role",
        outputs={"arn": "Role.Arn", "name": "Role.RoleName", "uniqueId": "Role.RoleId"},
        name="RoleName",
        rename={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        elsewhere=frozenset({"forceDetachPolicies"}),
    ),
    "aws:iam/policy:Policy": Row(
        create="iam.create_policy",
        id="Policy.Arn",
        outputs={"arn": "Policy.Arn"},
        name="PolicyName",
        rename={"name": "PolicyName", "policy": "PolicyDocument"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Row(
        create="iam.put_role_policy",
        name="PolicyName",
        rename={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Row(
        create="iam.attach_role_policy", id="input:role", rename={"role": "RoleName"}
    ),
    "aws:kms/key:Key": Row(
        create="kms.create_key",
        id="KeyMetadata.KeyId",
        outputs={"arn": "KeyMetadata.Arn", "keyId": "KeyMetadata.KeyId"},
        rename={"customerMasterKeySpec": "KeySpec"},
        elsewhere=frozenset({"deletionWindowInDays", "enableKeyRotation", "isEnabled"}),
        finish=rotate,
    ),
    "aws:kms/alias:Alias": Row(create="kms.create_alias", name="AliasName", rename={"name": "AliasName"}),
}
