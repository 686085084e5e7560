import core.ids
import core.tenancy.scopes
import django.db.models.deletion
import django.db.models.expressions
from core.tenancy.operations import Fence
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('catalog', '0002_price_models'),
        ('core', '0001_initial'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscriptions_subscription_periods_have_an_anchor',
        ),
        migrations.CreateModel(
            name='SubscriptionAddOn',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('recurring', 'Recurring'), ('one_off', 'One Off')], max_length=9)),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('added_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('billed_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('addon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.addon')),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('price', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.price')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='addons', to='subscriptions.subscription')),
            ],
            options={
                'verbose_name': 'add-on of a subscription',
                'verbose_name_plural': 'add-ons of subscriptions',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('kind', 'recurring'), ('removed_at', None)), fields=('environment', 'subscription', 'addon'), name='subscriptions_subscriptionaddon_once'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ('recurring', 'one_off'))), name='subscriptions_subscriptionaddon_known_kind'),
                    models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='subscriptions_subscriptionaddon_quantity'),
                    models.CheckConstraint(condition=models.Q(('removed_at', None), ('removed_at__gte', models.F('added_at')), _connector='OR'), name='subscriptions_subscriptionaddon_is_a_span'),
                    models.CheckConstraint(condition=models.Q(('billed_at', None), models.Q(('kind', 'one_off'), ('removed_at', None)), _connector='OR'), name='subscriptions_subscriptionaddon_billed_once'),
                ],
                'indexes': [
                    models.Index(fields=['environment', 'subscription'], name='subscriptions_addons_of'),
                ],
            },
        ),
        migrations.CreateModel(
            name='VersionMigration',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('when', models.CharField(choices=[('now', 'Now'), ('renewal', 'Renewal')], default='renewal', max_length=7)),
                ('behavior', models.CharField(choices=[('none', 'none'), ('next_invoice', 'next_invoice'), ('invoice_now', 'invoice_now'), ('full_charge_reset_anchor', 'full_charge_reset_anchor')], default='next_invoice', max_length=24)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('running', 'Running'), ('done', 'Done'), ('canceled', 'Canceled')], default='pending', max_length=8)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('skipped', models.PositiveIntegerField(default=0)),
                ('created_by', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('from_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.planversion')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.plan')),
                ('to_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.planversion')),
            ],
            options={
                'permissions': [('start_versionmigration', 'Can move subscribers to another version'), ('cancel_versionmigration', 'Can stop a migration of subscribers')],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('total__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('done'), '+', models.F('failed')), '+', models.F('skipped')))), name='subscriptions_versionmigration_counts'),
                    models.CheckConstraint(condition=models.Q(('state__in', ('pending', 'running', 'done', 'canceled'))), name='subscriptions_versionmigration_known_state'),
                    models.CheckConstraint(condition=models.Q(('when__in', ('now', 'renewal'))), name='subscriptions_versionmigration_known_time'),
                    models.CheckConstraint(condition=models.Q(('behavior__in', ['none', 'next_invoice', 'invoice_now', 'full_charge_reset_anchor'])), name='subscriptions_versionmigration_known_behavior'),
                    models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ('done', 'canceled'))), models.Q(models.Q(('state__in', ('done', 'canceled')), _negated=True), ('finished_at', None)), _connector='OR'), name='subscriptions_versionmigration_finished_is_stamped'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'done'), _negated=True), ('total', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('done'), '+', models.F('failed')), '+', models.F('skipped'))), _connector='OR'), name='subscriptions_versionmigration_done_leaves_nobody'),
                ],
                'indexes': [
                    models.Index(fields=['environment', '-id'], name='subscriptions_migrations'),
                ],
            },
        ),
        migrations.CreateModel(
            name='VersionMigrationItem',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('done', 'Done'), ('failed', 'Failed'), ('skipped', 'Skipped')], default='pending', max_length=7)),
                ('currency', models.CharField(max_length=3)),
                ('before_minor', models.BigIntegerField(blank=True, null=True)),
                ('after_minor', models.BigIntegerField(blank=True, null=True)),
                ('error', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
                ('migration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='subscriptions.versionmigration')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('environment', 'migration', 'subscription'), name='subscriptions_versionmigrationitem_once'),
                    models.CheckConstraint(condition=models.Q(('state__in', ('pending', 'done', 'failed', 'skipped'))), name='subscriptions_versionmigrationitem_known_state'),
                    models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('state', 'pending')), models.Q(models.Q(('state', 'pending'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='subscriptions_versionmigrationitem_settled_is_stamped'),
                ],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'pending')), fields=['environment', 'migration', 'id'], name='subscriptions_items_pending'),
                ],
            },
        ),
        migrations.AddField(
            model_name='subscription',
            name='alignment',
            field=models.CharField(choices=[('anniversary', 'anniversary'), ('calendar', 'calendar')], default='anniversary', max_length=11),
        ),
        migrations.AddField(
            model_name='subscription',
            name='arrears_from_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='cycle_starts_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='next_plan_version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.planversion'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='next_timezone',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='subscription',
            name='period_boundary',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='wanted_anchor_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='subscriptionevent',
            name='plan_version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.planversion'),
        ),
        migrations.AddField(
            model_name='subscriptionperiod',
            name='alignment',
            field=models.CharField(default='anniversary', max_length=11),
        ),
        migrations.AddField(
            model_name='subscriptionperiod',
            name='anchor_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscriptionperiod',
            name='boundary',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='subscriptionperiod',
            name='interval',
            field=models.CharField(max_length=10, null=True),
        ),
        migrations.AddField(
            model_name='subscriptionperiod',
            name='interval_count',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='subscriptionperiod',
            name='timezone',
            field=models.CharField(max_length=64, null=True),
        ),
        # What was begun before is what it would be now: whole periods of the agreement's one cycle.
        migrations.RunSQL(
            """
            SELECT set_config('app.system_reason', 'migration: periods name their cycle', true);
            ALTER TABLE subscriptions_subscription DISABLE TRIGGER USER;
            UPDATE subscriptions_subscription
            SET period_boundary = period_index + 1, cycle_starts_at = period_starts_at WHERE period_index IS NOT NULL;
            ALTER TABLE subscriptions_subscription ENABLE TRIGGER USER;
            ALTER TABLE subscriptions_subscriptionperiod DISABLE TRIGGER append_only_rows;
            UPDATE subscriptions_subscriptionperiod p
            SET boundary = p.number + 1, anchor_at = s.anchor_at, timezone = s.timezone, interval = s.interval,
                interval_count = s.interval_count
            FROM subscriptions_subscription s WHERE s.id = p.subscription_id;
            ALTER TABLE subscriptions_subscriptionperiod ENABLE ALWAYS TRIGGER append_only_rows;
            SELECT set_config('app.system_reason', '', true);
            """,
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name='subscriptionperiod', name='anchor_at', field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name='subscriptionperiod', name='boundary', field=models.IntegerField(),
        ),
        migrations.AlterField(
            model_name='subscriptionperiod', name='interval', field=models.CharField(max_length=10),
        ),
        migrations.AlterField(
            model_name='subscriptionperiod', name='interval_count', field=models.PositiveSmallIntegerField(),
        ),
        migrations.AlterField(
            model_name='subscriptionperiod', name='timezone', field=models.CharField(max_length=64),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('period_boundary', None), ('period_index', None)), models.Q(('anchor_at__isnull', False), ('cycle_starts_at__lte', models.F('period_starts_at')), ('period_boundary__isnull', False), ('period_index__isnull', False)), _connector='OR'), name='subscriptions_subscription_periods_have_an_anchor'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('alignment__in', ['anniversary', 'calendar'])), name='subscriptions_subscription_known_alignment'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('wanted_anchor_at', None), ('alignment', 'anniversary'), _connector='OR'), name='subscriptions_subscription_one_anchor'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('arrears_from_at', None), models.Q(('arrears_from_at__gte', models.F('period_starts_at')), ('arrears_from_at__lte', models.F('period_ends_at'))), _connector='OR'), name='subscriptions_subscription_terms_begin_in_the_period'),
        ),
        Fence("subscriptions"),
    ]
