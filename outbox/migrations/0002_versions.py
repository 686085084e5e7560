import core.ids
import core.tenancy.scopes
import django.db.models.deletion
from django.db import migrations, models

from core.tenancy.operations import Fence

# Facts that are there get their versions by their numbers, which were drawn in the order of their aggregates.
NUMBER = """
SELECT set_config('app.system_reason', 'migration: versions of facts', true);
UPDATE outbox_outboxevent event SET aggregate_version = numbered.place
FROM (SELECT id, row_number() OVER (PARTITION BY environment_id, subject ORDER BY id) AS place
      FROM outbox_outboxevent) numbered
WHERE event.id = numbered.id;
INSERT INTO outbox_aggregate (id, environment_id, subject, version)
SELECT (array_agg(event_id ORDER BY id))[1], environment_id, subject, count(*)
FROM outbox_outboxevent GROUP BY environment_id, subject;
SELECT set_config('app.system_reason', '', true);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
        ('outbox', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Aggregate',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(max_length=40)),
                ('version', models.BigIntegerField()),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('environment', 'subject'), name='outbox_aggregate_one'),
                    models.CheckConstraint(condition=models.Q(('version__gt', 0)), name='outbox_aggregate_has_facts'),
                ],
            },
        ),
        migrations.AddField(
            model_name='outboxevent',
            name='aggregate_version',
            field=models.BigIntegerField(null=True),
        ),
        Fence('outbox'),
        migrations.RunSQL(NUMBER, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='outboxevent',
            name='aggregate_version',
            field=models.BigIntegerField(help_text='Its place among the facts about its subject, from 1.'),
        ),
        migrations.AddConstraint(
            model_name='outboxevent',
            constraint=models.UniqueConstraint(fields=('environment', 'subject', 'aggregate_version'), name='outbox_event_version_once'),
        ),
        migrations.AddConstraint(
            model_name='outboxevent',
            constraint=models.CheckConstraint(condition=models.Q(('aggregate_version__gt', 0)), name='outbox_event_versions_from_one'),
        ),
    ]
