/* What has to be settled before MPI starts; private to dist. */
#pragma once

/* Sets what nobody else has set in the environment. Before MPI_Init, before other threads. */
void environment_prepare(void);
