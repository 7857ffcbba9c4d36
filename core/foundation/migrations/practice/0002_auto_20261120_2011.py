from tortoise import migrations
from tortoise.migrations import operations as ops
from core.foundation.fields import UtcDatetimeField
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('huizhen', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AdministratorInvitation',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('version', fields.IntField(default=1)),
                ('organisation', fields.ForeignKeyField('huizhen.Organisation', source_field='organisation_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('full_name', fields.BinaryField()),
                ('phone', fields.BinaryField()),
                ('code_blind', fields.CharField(unique=True, max_length=64)),
                ('live_for', fields.CharField(null=True, unique=True, max_length=26)),
                ('attempts', fields.IntField(default=0)),
                ('created_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('expires_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('practitioner_id', fields.CharField(null=True, max_length=26)),
            ],
            options={'table': 'administrator_invitation', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Row'],
        ),
        ops.CreateModel(
            name='Anchoring',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ('tree_size', fields.BigIntField(default=0)),
                ('anchored_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('failing_since', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('retry_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('tries', fields.IntField(default=0)),
                ('trouble', fields.CharField(default='', max_length=60)),
            ],
            options={'table': 'audit_anchoring', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditHead',
            fields=[
                ('tree_size', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('log_id', fields.CharField(max_length=26)),
                ('root', fields.BinaryField()),
                ('at', fields.BigIntField()),
                ('key_id', fields.CharField(max_length=16)),
                ('signature', fields.BinaryField()),
            ],
            options={'table': 'audit_head', 'app': 'huizhen', 'pk_attr': 'tree_size'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditLeaf',
            fields=[
                ('entry_id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('leaf_index', fields.BigIntField(unique=True)),
                ('hash', fields.BinaryField()),
            ],
            options={'table': 'audit_leaf', 'app': 'huizhen', 'pk_attr': 'entry_id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditNode',
            fields=[
                ('place', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('hash', fields.BinaryField()),
            ],
            options={'table': 'audit_node', 'app': 'huizhen', 'pk_attr': 'place'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditTree',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('size', fields.BigIntField(default=0)),
            ],
            options={'table': 'audit_tree', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BlindEdition',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('edition', fields.IntField(default=1)),
            ],
            options={'table': 'blind_edition', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BreakGlass',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('version', fields.IntField(default=1)),
                ('organisation_id', fields.CharField(db_index=True, max_length=26)),
                ('code', fields.CharField(unique=True, max_length=12)),
                ('region_code', fields.CharField(db_index=True, max_length=6)),
                ('patient_id', fields.CharField(db_index=True, max_length=26)),
                ('account_id', fields.CharField(db_index=True, max_length=26)),
                ('practitioner_id', fields.CharField(max_length=26)),
                ('role', fields.CharField(max_length=20)),
                ('channel', fields.CharField(max_length=20)),
                ('reason', fields.CharField(max_length=20)),
                ('words', fields.BinaryField()),
                ('opened_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('until', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('live_for', fields.CharField(null=True, unique=True, max_length=60)),
                ('slot', fields.CharField(null=True, unique=True, max_length=40)),
                ('verdict', fields.CharField(default='', max_length=12)),
                ('verdict_words', fields.BinaryField(null=True)),
                ('reviewed_by', fields.CharField(null=True, max_length=26)),
                ('reviewed_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('escalated_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'break_glass', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Owned'],
        ),
        ops.CreateModel(
            name='JoinReview',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('version', fields.IntField(default=1)),
                ('older_id', fields.CharField(max_length=26)),
                ('newer_id', fields.CharField(max_length=26)),
                ('reason', fields.CharField(max_length=24)),
                ('state', fields.CharField(default='open', max_length=10)),
                ('created_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('decided_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by', fields.CharField(default='', max_length=40)),
            ],
            options={'table': 'join_review', 'app': 'huizhen', 'unique_together': (('older_id', 'newer_id'),), 'pk_attr': 'id'},
            bases=['Row'],
        ),
        ops.CreateModel(
            name='SecondFactor',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('version', fields.IntField(default=1)),
                ('practitioner', fields.OneToOneField('huizhen.Practitioner', source_field='practitioner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('secret', fields.BinaryField(null=True)),
                ('confirmed_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_step', fields.BigIntField(default=0)),
                ('wrong_tries', fields.IntField(default=0)),
                ('locked_until', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('pending_secret', fields.BinaryField(null=True)),
                ('pending_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'second_factor', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Row'],
        ),
        ops.CreateModel(
            name='SigningUnlock',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('version', fields.IntField(default=1)),
                ('practitioner', fields.ForeignKeyField('huizhen.Practitioner', source_field='practitioner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('place', fields.CharField(max_length=40)),
                ('given_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('until', UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'signing_unlock', 'app': 'huizhen', 'unique_together': (('practitioner_id', 'place'),), 'pk_attr': 'id'},
            bases=['Row'],
        ),
        ops.CreateModel(
            name='SpentRefreshToken',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('session_id', fields.CharField(db_index=True, max_length=26)),
                ('spent_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'spent_refresh_token', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TokenKey',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=26)),
                ('version', fields.IntField(default=1)),
                ('in_force', fields.CharField(null=True, unique=True, max_length=10)),
                ('public_key', fields.BinaryField()),
                ('private_key', fields.BinaryField()),
                ('created_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
                ('retired_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('void_at', UtcDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'token_key', 'app': 'huizhen', 'pk_attr': 'id'},
            bases=['Row'],
        ),
        ops.CreateModel(
            name='VerifiedPhone',
            fields=[
                ('phone_blind', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
            ],
            options={'table': 'verified_phone', 'app': 'huizhen', 'pk_attr': 'phone_blind'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WitnessedHead',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=48)),
                ('follows', fields.CharField(unique=True, max_length=48)),
                ('log_id', fields.CharField(max_length=26)),
                ('tree_size', fields.BigIntField()),
                ('root', fields.BinaryField()),
                ('at', fields.BigIntField()),
                ('key_id', fields.CharField(max_length=16)),
                ('signature', fields.BinaryField()),
                ('received_at', UtcDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'witnessed_head', 'app': 'huizhen', 'indexes': [Index(fields=['log_id', 'tree_size'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='AuditEntry',
            name='address',
            field=fields.CharField(null=True, max_length=43),
        ),
        ops.AddField(
            model_name='AuditEntry',
            name='in_tree',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='AuditEntry',
            name='reason',
            field=fields.CharField(null=True, max_length=60),
        ),
        ops.AddField(
            model_name='AuditEntry',
            name='session_id',
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.AddIndex(
            model_name='AuditEntry',
            index=Index(fields=['in_tree', 'id']),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='confirmed_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='end_reason',
            field=fields.CharField(default='', db_default='', max_length=20),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='ended_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='ended_by',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='guardian',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='scope',
            field=fields.CharField(default='book,record,consent,notices', db_default='book,record,consent,notices', max_length=60),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='since',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CareRelation',
            name='until',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Consent',
            name='withdrawn_as',
            field=fields.CharField(default='', db_default='', max_length=20),
        ),
        ops.AddField(
            model_name='Organisation',
            name='closed_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='OutboxEvent',
            name='entry_id',
            field=fields.CharField(null=True, max_length=26),
        ),
        ops.AddField(
            model_name='Patient',
            name='full_name_blind',
            field=fields.CharField(null=True, db_index=True, max_length=64),
        ),
        ops.AddField(
            model_name='Patient',
            name='real_name_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Patient',
            name='real_name_provider',
            field=fields.CharField(default='', db_default='', max_length=30),
        ),
        ops.AddField(
            model_name='Patient',
            name='real_name_state',
            field=fields.CharField(default='unchecked', db_default='unchecked', max_length=12),
        ),
        ops.AddField(
            model_name='PatientClaim',
            name='guardian',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Practitioner',
            name='deactivated_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Practitioner',
            name='scope',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='Prescription',
            name='dispensed_by_id',
            field=fields.CharField(null=True, max_length=26),
        ),
        ops.AddField(
            model_name='RoleHeld',
            name='valid_from',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='RoleHeld',
            name='valid_until',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Session',
            name='arrived_turn',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Session',
            name='closed_because',
            field=fields.CharField(default='', db_default='', max_length=16),
        ),
        ops.AddField(
            model_name='Session',
            name='device',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.AddField(
            model_name='Session',
            name='earlier_hash',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='Session',
            name='salt',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='Session',
            name='seen_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Session',
            name='turn',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Session',
            name='turned_at',
            field=UtcDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterField(
            model_name='TimelineEntry',
            name='kind',
            field=fields.CharField(max_length=60),
        ),
        ops.AddField(
            model_name='TimelineEntry',
            name='entry_id',
            field=fields.CharField(null=True, max_length=26),
        ),
    ]
