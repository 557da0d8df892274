#!/usr/bin/python3
"""make bench: whole training steps of networks of full size, then single kernels, as Markdown tables.

    models.py UMBEL

STEPS, MODELS, WORKERS in the environment choose what is measured.
"""
import sys

import subject


def steps_row(umbel, model, environment):
    found = subject.umbel_steps(umbel, model, subject.STEPS, environment)
    pace = found["still"]
    best = max(found["sgemm_openblas_flops"], found["sgemm_ours_flops"])
    return [model, f"{pace['step_seconds']:.3f}", f"{pace['images_per_second']:.2f}", f"{pace['flops'] / 1e9:.1f}",
            f"{best / 1e9:.1f}", f"{100 * pace['flops'] / best:.0f} %", f"{pace['evaluation_images_per_second']:.1f}",
            f"{pace['peak_bytes'] / 1e9:.2f}"], found


def main():
    umbel = sys.argv[1]
    for label, environment in subject.environments():
        rows = []
        for model in subject.MODELS:
            row, found = steps_row(umbel, model, environment)
            rows.append(row)
        print(f"\nTraining steps: batch {subject.BATCH}, {subject.IMAGE} pixels, {len(subject.CLASSES)} heads, AdamW, "
              f"{subject.WORKERS} workers; median of {subject.STEPS}. Kernels {found['kernels']}, products by {found['gemm']}, "
              f"{found['blas']}, core {found['blas_core']} ({label}).\n")
        subject.table(["network", "seconds per step", "images/s", "GF/s", "sgemm GF/s", "share", "evaluation images/s",
                       "peak GB"], rows)
        kernels = subject.run_umbel(umbel, ["--kernels"], environment)
        print(f"\nKernels {kernels['kernels']}, {kernels['blas']}, core {kernels['blas_core']}, one thread.\n")
        subject.table(["kernel", "size", "seconds", "rate"],
                      [[case["name"], case["size"], f"{case['seconds']:.6f}", f"{case['rate']:.2f} {case['unit']}"]
                       for case in kernels["cases"]])


main()
