from datetime import date

import core.ids
import core.tenancy.scopes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from core.tenancy.operations import AppendOnly, Fence
from usage import partitions

# The first months; later ones are made by `manage.py partition_usage`, run as the owner.
FIRST_MONTH, MONTHS = date(2025, 1, 1), 60

EVENTS = """
CREATE TABLE usage_usageevent (
    id uuid NOT NULL,
    environment_id uuid NOT NULL,
    event_id varchar(255) NOT NULL,
    meter_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    "timestamp" timestamptz NOT NULL,
    value numeric(38, 12) NULL,
    properties jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (id, "timestamp")
) PARTITION BY RANGE ("timestamp");
CREATE INDEX usage_usageevent_sum
    ON usage_usageevent (environment_id, customer_id, meter_id, "timestamp") INCLUDE (value);
"""

PARTITIONS = [
    migrations.RunSQL(sql)
    for sql in (
        *(partitions.create_month(month, settings.DATABASE_APP_ROLE) for month in partitions.months(FIRST_MONTH, MONTHS)),
        partitions.create_default(settings.DATABASE_APP_ROLE),
    )
]


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Meter',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=200)),
                ('aggregation', models.CharField(choices=[('count', 'Count'), ('sum', 'Sum'), ('max', 'Max'), ('unique_count', 'Unique Count')], max_length=20)),
                ('value_property', models.CharField(default='value', max_length=40)),
                ('unique_property', models.CharField(blank=True, max_length=40, null=True)),
                ('filters', models.JSONField(blank=True, default=dict)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
            ],
            options={
                'ordering': ['-id'],
                'permissions': [('archive_meter', 'Can archive a meter')],
            },
        ),
        migrations.CreateModel(
            name='UsageCounter',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('feature', models.CharField(max_length=64)),
                ('period_starts_at', models.DateTimeField()),
                ('period_ends_at', models.DateTimeField()),
                ('used', models.BigIntegerField()),
                ('hard_limit', models.BigIntegerField(blank=True, null=True)),
                ('alerted_percent', models.PositiveSmallIntegerField(default=0)),
                ('updated_at', models.DateTimeField()),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer')),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Entitlement',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(max_length=40)),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('boolean', 'Boolean'), ('static', 'Static'), ('metered', 'Metered')], max_length=8)),
                ('value', models.CharField(blank=True, default='', max_length=200)),
                ('limit', models.BigIntegerField(blank=True, null=True)),
                ('limit_kind', models.CharField(choices=[('hard', 'Hard'), ('soft', 'Soft')], default='hard', max_length=4)),
                ('reset', models.CharField(choices=[('subscription', 'Subscription'), ('day', 'Day'), ('week', 'Week'), ('month', 'Month'), ('quarter', 'Quarter'), ('half_year', 'Half Year'), ('year', 'Year')], default='subscription', max_length=12)),
                ('period_starts_at', models.DateTimeField()),
                ('period_ends_at', models.DateTimeField()),
                ('granted_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer')),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['environment', 'customer', 'code'], name='usage_entitlement_of_customer')],
                'constraints': [models.UniqueConstraint(fields=('environment', 'source', 'code'), name='usage_entitlement_once_per_source'), models.CheckConstraint(condition=models.Q(('kind__in', ('boolean', 'static', 'metered'))), name='usage_entitlement_known_kind'), models.CheckConstraint(condition=models.Q(('limit_kind__in', ('hard', 'soft'))), name='usage_entitlement_limit_kind'), models.CheckConstraint(condition=models.Q(('kind', 'metered'), ('limit', None), _connector='OR'), name='usage_entitlement_only_metered_has_a_limit'), models.CheckConstraint(condition=models.Q(('limit', None), ('limit__gte', 0), _connector='OR'), name='usage_entitlement_limit'), models.CheckConstraint(condition=models.Q(('period_ends_at__gt', models.F('period_starts_at'))), name='usage_entitlement_period_goes_forward')],
            },
        ),
        migrations.CreateModel(
            name='EventId',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('event_id', models.CharField(max_length=255)),
                ('timestamp', models.DateTimeField()),
                ('environment', models.ForeignKey(db_constraint=False, db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('environment', 'event_id'), name='usage_eventid_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.UniqueConstraint(fields=('environment', 'code'), name='usage_meter_code_once'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(('aggregation__in', ('count', 'sum', 'max', 'unique_count'))), name='usage_meter_known_aggregation'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('code', ''), _negated=True), models.Q(('name', ''), _negated=True)), name='usage_meter_has_code_and_name'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('value_property', ''), _negated=True), models.Q(('unique_property', ''), _negated=True)), name='usage_meter_properties_are_named'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(('unique_property', None), ('aggregation', 'unique_count'), _connector='OR'), name='usage_meter_unique_property'),
        ),
        migrations.AddConstraint(
            model_name='usagecounter',
            constraint=models.UniqueConstraint(fields=('environment', 'customer', 'feature', 'period_starts_at'), name='usage_usagecounter_once'),
        ),
        migrations.AddConstraint(
            model_name='usagecounter',
            constraint=models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='usage_usagecounter_used'),
        ),
        migrations.AddConstraint(
            model_name='usagecounter',
            constraint=models.CheckConstraint(condition=models.Q(('hard_limit', None), ('used__lte', models.F('hard_limit')), _connector='OR'), name='usage_usagecounter_within_limit'),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(EVENTS), *PARTITIONS],
            state_operations=[
                migrations.CreateModel(
                    name='UsageEvent',
                    fields=[
                        ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                        ('event_id', models.CharField(max_length=255)),
                        ('timestamp', models.DateTimeField()),
                        ('value', models.DecimalField(decimal_places=12, max_digits=38, null=True)),
                        ('properties', models.JSONField(default=dict)),
                        ('received_at', models.DateTimeField()),
                        ('customer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer')),
                        ('environment', models.ForeignKey(db_constraint=False, db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                        ('meter', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='usage.meter')),
                    ],
                ),
                migrations.AddIndex(
                    model_name='usageevent',
                    index=models.Index(fields=['environment', 'customer', 'meter', 'timestamp'], include=('value',), name='usage_usageevent_sum'),
                ),
            ],
        ),
        Fence("usage"),
        AppendOnly("usage_eventid", "usage_usageevent"),
    ]
