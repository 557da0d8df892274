"""Spack (1.0 and later) builds umbel from a checkout with this recipe; docs/cluster.md tells how."""

from spack_repo.builtin.build_systems.makefile import MakefilePackage

from spack.package import *


class Umbel(MakefilePackage):
    """Trains one image network with many heads on any number of MPI ranks, and gives the same bits
    whatever the number."""

    license("Apache-2.0")

    # No archive to fetch: `spack dev-build umbel@main` takes the folder it is started in.
    version("main")

    depends_on("c", type="build")
    depends_on("gmake@4.3:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("protobuf-c", type=("build", "link"))

    depends_on("mpi@3:")
    # The pthread build is the one that is tested; umbel has threads of its own.
    depends_on("openblas threads=pthreads")
    # Ranks read and write by themselves: the serial build.
    depends_on("hdf5@1.10:~mpi+shared")
    depends_on("libjpeg-turbo")
    depends_on("libpng")
    depends_on("libwebp")
    depends_on("libexif")
    depends_on("libyaml")
    depends_on("jansson")
    depends_on("libarchive")
    depends_on("hwloc@2:")
    depends_on("xxhash@0.8:")

    # What pkg-config calls an MPI library.
    mpi_names = {"openmpi": "ompi-c", "mpich": "mpich"}
    requires(*(f"^[virtuals=mpi] {name}" for name in mpi_names), policy="one_of")

    @property
    def make_variables(self):
        names = [f"MPI={self.mpi_names[self.spec['mpi'].name]}", "PKG_HDF5=hdf5"]
        return names + [f"PREFIX={self.prefix}"]

    @property
    def build_targets(self):
        return self.make_variables + ["all"]

    @property
    def install_targets(self):
        return self.make_variables + ["install"]

    def check(self):
        """`make test` would install packages of the system; `spack test run umbel` is for here."""

    def test_network(self):
        """start MPI, and look at the machine"""
        umbel = which(self.prefix.bin.umbel, required=True)
        umbel("--version")
        assert "ranks=" in umbel("doctor", "--layout", output=str.split, error=str.split)
