import core.ids
import core.tenancy.scopes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.db import migrations, models

from core.tenancy.operations import Fence

# Each tier is an object of exactly these three; amounts are plain decimals as text, so that no JSON number is ever read
# as a float; bounds rise from zero, and the last tier alone is open.
TIERS_RISE = r"""
CREATE FUNCTION catalog_tiers_rise(tiers jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $rise$
DECLARE
  amount CONSTANT text := '^(0|[1-9][0-9]{0,15})(\.[0-9]{1,12})?$';
  members CONSTANT text[] := ARRAY['up_to', 'unit_amount', 'flat_amount'];
  tier jsonb;
  number integer := 0;
  lower_bound numeric := 0;
BEGIN
  IF tiers IS NULL OR jsonb_typeof(tiers) <> 'array' THEN RETURN false; END IF;
  IF jsonb_array_length(tiers) NOT BETWEEN 1 AND 100 THEN RETURN false; END IF;
  FOR tier IN SELECT value FROM jsonb_array_elements(tiers) LOOP
    number := number + 1;
    IF jsonb_typeof(tier) <> 'object' THEN RETURN false; END IF;
    IF NOT tier ?& members OR tier - members <> '{}' THEN RETURN false; END IF;
    IF jsonb_typeof(tier -> 'unit_amount') <> 'string' OR tier ->> 'unit_amount' !~ amount THEN RETURN false; END IF;
    IF jsonb_typeof(tier -> 'flat_amount') <> 'string' OR tier ->> 'flat_amount' !~ amount THEN RETURN false; END IF;
    IF number = jsonb_array_length(tiers) THEN
      RETURN jsonb_typeof(tier -> 'up_to') = 'null';
    END IF;
    IF jsonb_typeof(tier -> 'up_to') <> 'string' OR tier ->> 'up_to' !~ amount THEN RETURN false; END IF;
    IF (tier ->> 'up_to')::numeric <= lower_bound THEN RETURN false; END IF;
    lower_bound := (tier ->> 'up_to')::numeric;
  END LOOP;
  RETURN false;
END $rise$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
        ('core', '0001_initial'),
        ('usage', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(TIERS_RISE, "DROP FUNCTION catalog_tiers_rise(jsonb)"),
        migrations.CreateModel(
            name='AddOn',
            fields=[
                ('id', models.UUIDField(default=core.ids.new, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=200)),
                ('description', models.CharField(blank=True, default='', max_length=2000)),
                ('kind', models.CharField(choices=[('recurring', 'Recurring'), ('one_off', 'One Off')], default='recurring', max_length=9)),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('environment', models.ForeignKey(db_index=False, default=core.tenancy.scopes.environment_id, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.environment')),
            ],
            options={
                'verbose_name': 'Add-on',
                'permissions': [('archive_addon', 'Can archive an add-on')],
                'constraints': [
                    models.UniqueConstraint(fields=('environment', 'code'), name='catalog_addon_code_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('code', ''), _negated=True), models.Q(('name', ''), _negated=True)), name='catalog_addon_has_code_and_name'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ('recurring', 'one_off'))), name='catalog_addon_known_kind'),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name='plan',
            options={'permissions': [('archive_plan', 'Can archive a plan'), ('revise_plan', 'Can begin a new version of a plan')]},
        ),
        migrations.RemoveConstraint(
            model_name='price',
            name='catalog_price_known_interval',
        ),
        migrations.RemoveConstraint(
            model_name='price',
            name='catalog_price_known_model',
        ),
        migrations.RemoveConstraint(
            model_name='price',
            name='catalog_price_not_negative',
        ),
        migrations.RemoveField(
            model_name='price',
            name='terms',
        ),
        migrations.AddField(
            model_name='plan',
            name='proration_basis',
            field=models.CharField(choices=[('second', 'Second'), ('day', 'Day')], default='second', max_length=6),
        ),
        migrations.AddField(
            model_name='price',
            name='charge_flat_at_zero',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='price',
            name='fixed_amount',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='free_events',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='free_units',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='maximum_amount',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='minimum_amount',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='package_rounding',
            field=models.CharField(blank=True, choices=[('up', 'Up'), ('down', 'Down')], max_length=4, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='package_size',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='percentage',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AddField(
            model_name='price',
            name='tax_code',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='price',
            name='tiers',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name='price',
            name='interval',
            field=models.CharField(blank=True, choices=[('day', 'day'), ('week', 'week'), ('month', 'month'), ('quarter', 'quarter'), ('half_year', 'half_year'), ('year', 'year')], max_length=10, null=True),
        ),
        migrations.AlterField(
            model_name='price',
            name='model',
            field=models.CharField(choices=[('flat', 'Flat'), ('per_unit', 'Per Unit'), ('graduated', 'Graduated'), ('volume', 'Volume'), ('package', 'Package'), ('percentage', 'Percentage')], default='flat', max_length=12),
        ),
        migrations.AlterField(
            model_name='price',
            name='unit_amount',
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
        ),
        migrations.AlterField(
            model_name='price',
            name='version',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='catalog.planversion'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.CheckConstraint(condition=models.Q(('proration_basis__in', ('second', 'day'))), name='catalog_plan_known_proration_basis'),
        ),
        migrations.AddField(
            model_name='price',
            name='addon',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='catalog.addon'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='price',
            trigger=pgtrigger.compiler.Trigger(name='price_fits_addon', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW."addon_id" IS NOT NULL)', func="\nIF (SELECT kind = 'one_off' FROM catalog_addon WHERE id = NEW.addon_id) <> (NEW.interval IS NULL) THEN\n  RAISE EXCEPTION 'only what is charged once has no interval' USING ERRCODE = 'check_violation', CONSTRAINT = 'catalog_price_fits_addon';\nEND IF;\nRETURN NEW;\n", hash='103af32152a3c0044468090c9131754a0701a6ff', operation='INSERT OR UPDATE', pgid='pgtrigger_price_fits_addon_52d9e', table='catalog_price', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='price',
            trigger=pgtrigger.compiler.Trigger(name='price_frozen_addon', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."addon_id" IS NOT NULL)', func="RAISE EXCEPTION 'an add-on''s prices are frozen' USING ERRCODE = 'check_violation', CONSTRAINT = 'catalog_price_frozen';", hash='99cc1f6d34653bee0246ac552282553d4f3de46e', operation='UPDATE OR DELETE', pgid='pgtrigger_price_frozen_addon_f6c17', table='catalog_price', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.UniqueConstraint(condition=models.Q(('addon__isnull', False)), fields=('environment', 'addon', 'currency'), name='catalog_price_one_per_addon_and_currency'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('addon', None), ('version__isnull', False)), models.Q(('addon__isnull', False), ('version', None)), _connector='OR'), name='catalog_price_of_a_version_or_an_addon'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('addon', None), ('kind', 'fixed'), _connector='OR'), name='catalog_price_addon_is_fixed'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('interval__isnull', False), models.Q(('billed', 'advance'), ('interval', None), ('interval_count', 1), ('version', None)), _connector='OR'), name='catalog_price_once_only_for_addons'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('interval', None), ('interval__in', ['day', 'week', 'month', 'quarter', 'half_year', 'year']), _connector='OR'), name='catalog_price_known_interval'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('model__in', ['flat', 'per_unit', 'graduated', 'volume', 'package', 'percentage'])), name='catalog_price_known_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('unit_amount', None), models.Q(('unit_amount__gte', 0), ('unit_amount__lt', Decimal('10000000000000000'))), _connector='OR'), models.Q(('package_size', None), models.Q(('package_size__gte', 0), ('package_size__lt', Decimal('10000000000000000'))), _connector='OR'), models.Q(('percentage', None), models.Q(('percentage__gte', 0), ('percentage__lt', Decimal('10000000000000000'))), _connector='OR'), models.Q(('fixed_amount', None), models.Q(('fixed_amount__gte', 0), ('fixed_amount__lt', Decimal('10000000000000000'))), _connector='OR'), models.Q(('free_units', None), models.Q(('free_units__gte', 0), ('free_units__lt', Decimal('10000000000000000'))), _connector='OR'), models.Q(('minimum_amount', None), models.Q(('minimum_amount__gte', 0), ('minimum_amount__lt', Decimal('10000000000000000'))), _connector='OR'), models.Q(('maximum_amount', None), models.Q(('maximum_amount__gte', 0), ('maximum_amount__lt', Decimal('10000000000000000'))), _connector='OR')), name='catalog_price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('model', 'percentage'), _negated=True), ('kind', 'usage'), _connector='OR'), name='catalog_price_percentage_is_of_usage'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('model__in', ['flat', 'per_unit', 'package']), ('unit_amount__isnull', False)), models.Q(models.Q(('model__in', ['flat', 'per_unit', 'package']), _negated=True), ('unit_amount', None)), _connector='OR'), name='catalog_price_unit_amount_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('model__in', ['package']), ('package_size__isnull', False)), models.Q(models.Q(('model__in', ['package']), _negated=True), ('package_size', None)), _connector='OR'), name='catalog_price_package_size_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('model__in', ['package']), ('package_rounding__isnull', False)), models.Q(models.Q(('model__in', ['package']), _negated=True), ('package_rounding', None)), _connector='OR'), name='catalog_price_package_rounding_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('model__in', ['percentage']), ('percentage__isnull', False)), models.Q(models.Q(('model__in', ['percentage']), _negated=True), ('percentage', None)), _connector='OR'), name='catalog_price_percentage_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('model__in', ['percentage']), ('fixed_amount', None), _connector='OR'), name='catalog_price_fixed_amount_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('model__in', ['percentage']), ('free_units', None), _connector='OR'), name='catalog_price_free_units_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('model__in', ['percentage']), ('free_events', None), _connector='OR'), name='catalog_price_free_events_fits_model'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('package_size', None), ('package_size__gt', 0), _connector='OR'), name='catalog_price_package_holds_something'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('package_rounding', None), ('package_rounding__in', ('up', 'down')), _connector='OR'), name='catalog_price_known_rounding'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('model__in', ['graduated', 'volume'])), models.Func('tiers', function='catalog_tiers_rise', output_field=models.BooleanField())), models.Q(models.Q(('model__in', ['graduated', 'volume']), _negated=True), ('charge_flat_at_zero', False), ('tiers', [])), _connector='OR'), name='catalog_price_tiers_rise_to_an_open_one'),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('minimum_amount', None), ('maximum_amount', None), ('minimum_amount__lte', models.F('maximum_amount')), _connector='OR'), name='catalog_price_minimum_below_maximum'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='addon',
            trigger=pgtrigger.compiler.Trigger(name='addon_kind_kept', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."kind" IS DISTINCT FROM (NEW."kind"))', func="RAISE EXCEPTION 'an add-on keeps its kind' USING ERRCODE = 'check_violation', CONSTRAINT = 'catalog_addon_kind_kept';", hash='ca43e29f0e300e1d6fe54faa5e7e332e0538a457', operation='UPDATE', pgid='pgtrigger_addon_kind_kept_61dc6', table='catalog_addon', when='BEFORE')),
        ),
        Fence("catalog"),
    ]
