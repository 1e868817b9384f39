# SPDX-License-Identifier: Apache-2.0
"""Blood flow that changes by itself: when, by how much, and alike at both fidelities."""

import numpy as np
import pytest

from sim_hardware.plant.body.patient_file import Perturbation
from sim_hardware.plant.models import fit
from sim_hardware.plant.models.patient import Patient, flow_factor
from sim_hardware.plant.models.reduced import ReducedPatient
from sim_hardware.plant.models.voxel_patient import Model, VoxelPatient
from tests.unit.sim_hardware.small_patient import built, small

STEP = Perturbation(at_s=60.0, until_s=600.0, flow_factor=3.0)
FIELD2 = 30.0


@pytest.fixture(scope="module")
def model() -> Model:
    return built(small())


def tumor_after(patient: Patient, span_s: float) -> float:
    patient.advance(span_s, FIELD2)
    return patient.site_c("tumor_center")


def test_factors_hold_from_their_start_to_their_end_and_multiply() -> None:
    rows = [STEP, Perturbation(at_s=500.0, flow_factor=0.5)]
    at = {s: flow_factor(rows, s) for s in (0.0, 59.9, 60.0, 499.9, 500.0, 599.9, 600.0, 9e9)}
    assert list(at.values()) == [1.0, 1.0, 3.0, 3.0, 1.5, 1.5, 0.5, 0.5]


def test_more_flow_cools_and_its_end_warms_again(model: Model) -> None:
    changed, plain = VoxelPatient(model.with_perturbations(STEP)), VoxelPatient(model)
    assert tumor_after(changed, 60.0) == tumor_after(plain, 60.0)
    assert tumor_after(changed, 540.0) < tumor_after(plain, 540.0) - 1.0
    before = changed.site_c("tumor_center")
    assert tumor_after(changed, 600.0) > before + 1.0


def test_flow_goes_to_the_multiple_of_what_the_tissue_asks_for(model: Model) -> None:
    lasting = Perturbation(at_s=0.0, flow_factor=3.0)
    changed, plain = VoxelPatient(model.with_perturbations(lasting)), VoxelPatient(model)
    body = model.geometry.body
    for patient in (changed, plain):
        patient.advance(3000.0, 0.0)
    muscle = model.geometry.label == model.geometry.names.index("muscle")
    ratio = (changed.heat.view(changed.heat.perfusion) / plain.heat.view(plain.heat.perfusion))[
        muscle & body
    ]
    assert np.median(ratio) == pytest.approx(3.0, rel=0.02)


def test_the_reduced_patient_follows_it_too(model: Model) -> None:
    """The fit has seen flow double and halve; threefold is beyond it."""
    reduction, power = fit.fit(model)
    step = STEP.model_copy(update={"flow_factor": 1.8})
    changed = model.with_perturbations(step)
    whole, quick = VoxelPatient(changed), ReducedPatient(reduction, changed.patient, power)
    for _ in range(60):
        assert tumor_after(quick, 20.0) == pytest.approx(tumor_after(whole, 20.0), abs=0.06)
    calm = ReducedPatient(reduction, model.patient, power)
    calm.advance(500.0, FIELD2)
    again = ReducedPatient(reduction, changed.patient, power)
    again.advance(500.0, FIELD2)
    assert again.site_c("tumor_center") < calm.site_c("tumor_center") - 0.5


def test_a_change_from_the_start_is_in_the_rest_of_both(model: Model) -> None:
    reduction, power = fit.fit(model)
    early = model.with_perturbations(Perturbation(at_s=0.0, until_s=900.0, flow_factor=0.6))
    whole, quick = VoxelPatient(early), ReducedPatient(reduction, early.patient, power)
    assert whole.site_c("skin_center") < VoxelPatient(model).site_c("skin_center") - 0.2
    for patient in (whole, quick):
        assert patient.treatment_s == 0.0
    for _ in range(60):
        assert tumor_after(quick, 20.0) == pytest.approx(tumor_after(whole, 20.0), abs=0.1)
