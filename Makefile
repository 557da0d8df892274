# umbel: `make help` lists the targets.
#
# BUILD=release|debug|asan|tsan|fuzz, each in build/$(BUILD); build/umbel is the one built last.
# CC=gcc|clang. MPI=ompi-c|mpich|...: the pkg-config name of the MPI library; others than Open MPI's go to build/$(BUILD)-$(MPI).

BUILD ?= release
MPI ?= ompi-c
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PYTHON ?= /usr/bin/python3
OUT := build/$(BUILD)$(if $(filter-out ompi-c,$(MPI)),-$(MPI))

VERSION := 0.1.0

LAYERS := base io kernels dist nn data models optim metrics train lib predict report sweep bench doctor lint cli
# What libumbel is made of: all below lib, but no ranks.
LIBRARY_LAYERS := $(filter-out dist predict report sweep bench doctor lint cli,$(LAYERS))

# One line per outside library: its pkg-config name. Only the file that includes its header, and the
# final link, see its flags; HDF5's is named exactly, since plain `hdf5` may be the MPI build.
PKG_MPI := $(MPI)
PKG_BLAS := openblas
PKG_HDF5 := hdf5-serial
PKG_PROTOBUF := libprotobuf-c
PKG_LIBRARY := $(PKG_BLAS) $(PKG_HDF5) libjpeg libpng libwebp libexif yaml-0.1 libxxhash
PKG_ALL := $(PKG_LIBRARY) $(PKG_MPI) $(PKG_PROTOBUF) hwloc jansson libarchive

COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla
CFLAGS_release := -O2 -g -DNDEBUG
CFLAGS_debug := -O0 -g3
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread
CFLAGS_fuzz := -O1 -g -Wno-pass-failed -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_tsan := -fsanitize=thread
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined

# No contraction of a*b+c: fused multiply-adds are written out, so that bits do not depend on the
# compiler's taste. The objects of the program are those of the library, hence -fPIC; hidden, a
# function can still be called directly. No folder of this machine gets into what is built.
CFLAGS := -std=c11 -D_GNU_SOURCE -Iinclude -MMD -MP -ffp-contract=off -fno-math-errno -pthread \
          -fPIC -fvisibility=hidden -ffile-prefix-map="$$PWD"=. \
          $(WARNINGS) $(CFLAGS_$(BUILD)) $(EXTRA_CFLAGS)
LDLIBS = $(shell pkg-config --libs $(PKG_ALL)) -lm -pthread
LDFLAGS := $(LDFLAGS_$(BUILD)) -Wl,--as-needed $(EXTRA_LDFLAGS)

# Portable kernels are compiled once per instruction set. No predictive commoning: it keeps sliding
# inputs in registers across iterations and spills the accumulators (measured: half the speed).
ARCH := $(shell $(CC) -dumpmachine | cut -d- -f1)
ifeq ($(ARCH),x86_64)
ISAS := v2 v3 v4
else
ISAS := generic
endif
ISA_CFLAGS_v2 := -march=x86-64-v2
ISA_CFLAGS_v3 := -march=x86-64-v3
ISA_CFLAGS_v4 := -march=x86-64-v4 -mprefer-vector-width=512
ISA_CFLAGS_generic :=
KERNEL_CFLAGS = $(if $(filter release,$(BUILD)),-O3) -Wno-conversion \
                $(if $(findstring clang,$(CC)),,-fno-predictive-commoning)

# V=1 shows the commands.
Q := $(if $(V),,@)

layer_sources = $(wildcard src/$(1)/*.c) $(wildcard src/$(1)/ops/*.c)
layer_objects = $(patsubst src/%.c,$(OUT)/%.o,$(call layer_sources,$(1)))
ISA_SOURCES := $(wildcard src/kernels/isa/*.c)
ISA_OBJECTS := $(foreach isa,$(ISAS),$(patsubst src/kernels/isa/%.c,$(OUT)/kernels/isa/%.$(isa).o,$(ISA_SOURCES)))
# Made from src/io/X.proto, and included by src/io/X.c.
PROTOS := $(patsubst src/io/%.proto,%,$(wildcard src/io/*.proto))
GENERATED := $(PROTOS:%=$(OUT)/generated/%.pb-c)
LIBS := $(foreach layer,$(LAYERS),$(OUT)/lib$(layer).a)

.PHONY: all
all: build/umbel library ## build program and library (default): build/umbel, libumbel in build/release

build/umbel: $(OUT)/umbel FORCE
	@[ "$$(readlink $@)" = $(notdir $(OUT))/umbel ] || ln -sfn $(notdir $(OUT))/umbel $@

$(OUT)/umbel: $(OUT)/cli/main.o $(LIBS)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -o $@ $(OUT)/cli/main.o -Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

# --- the library: symbols umbel_* only ---------------------------------------------------------------
SONAME := libumbel.so.$(firstword $(subst ., ,$(VERSION)))
LIBRARY_ARCHIVES := $(foreach layer,$(LIBRARY_LAYERS),$(OUT)/lib$(layer).a)
LIBRARY_PARTS = $(call layer_objects,lib) -Wl,--start-group $(LIBRARY_ARCHIVES) -Wl,--end-group
# A symbol that nobody has, of dist for one, is an error; a sanitizer's come with the program.
NO_LOOSE_ENDS := $(if $(filter asan tsan,$(BUILD)),,-Wl,-z,defs)
OBJCOPY = $(shell $(CC) -print-prog-name=objcopy)

.PHONY: library
library: $(OUT)/libumbel.so.$(VERSION) $(OUT)/libumbel.a

$(OUT)/libumbel.so.$(VERSION): src/lib/umbel.map $(LIBRARY_ARCHIVES)
	@echo '  LINK  $@'
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$< $(NO_LOOSE_ENDS) -o $@ $(LIBRARY_PARTS) \
	    $$(pkg-config --libs $(PKG_LIBRARY)) -lm -pthread

# One object, so that what is not umbel_* can be hidden from the programs that link it.
$(OUT)/libumbel.a: $(LIBRARY_ARCHIVES)
	@echo '  LINK  $@'
	$(Q)$(CC) $(EXTRA_LDFLAGS) -r -nostdlib -o $(OUT)/libumbel.o $(LIBRARY_PARTS)
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='umbel_*' $(OUT)/libumbel.o
	@rm -f $@
	$(Q)ar rcsD $@ $(OUT)/libumbel.o

.PHONY: FORCE
FORCE:

# Programs that make data sets: datasets/NAME/*.c and what renders, datasets/render/*.c -> build/NAME.
dataset_objects = $(patsubst %.c,$(OUT)/%.o,$(wildcard datasets/$(1)/*.c datasets/render/*.c))
DATASETS := mechanical kicad3d
$(sort $(foreach d,$(DATASETS),$(call dataset_objects,$(d)))): $(OUT)/datasets/%.o: datasets/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  CC    $<'
	$(Q)$(CC) $(CFLAGS) -Idatasets $(if $(filter release,$(BUILD)),-O3) -c -o $@ $<

define dataset_rule
build/$(1): $(call dataset_objects,$(1)) $$(LIBS)
	@echo '  LINK  $$@'
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $(call dataset_objects,$(1)) -Wl,--start-group $$(LIBS) -Wl,--end-group $$(LDLIBS)
endef
$(foreach d,$(DATASETS),$(eval $(call dataset_rule,$(d))))

define layer_rule
$(OUT)/lib$(1).a: $(call layer_objects,$(1)) $(if $(filter kernels,$(1)),$(ISA_OBJECTS)) $(if $(filter io,$(1)),$(GENERATED:%=%.o))
	@rm -f $$@
	$(Q)ar rcsD $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rule,$(layer))))

# Recompile when flags or compiler change.
$(OUT)/flags: FORCE
	@mkdir -p $(OUT)
	@echo '$(CC) $(CFLAGS) $(KERNEL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(KERNEL_CFLAGS)' > $@

$(OUT)/base/version.o: EXTRA = -DUMBEL_VERSION='"$(VERSION)"' -DUMBEL_COMMIT='"$(COMMIT)"'
$(OUT)/dist/comm.o: EXTRA = $(shell pkg-config --cflags $(PKG_MPI))
$(OUT)/kernels/gemm.o: EXTRA = $(shell pkg-config --cflags $(PKG_BLAS))
$(patsubst src/%.c,$(OUT)/%.o,$(wildcard src/io/h5*.c)): EXTRA = $(shell pkg-config --cflags $(PKG_HDF5))

$(OUT)/%.o: src/%.c $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  CC    $<'
	$(Q)$(CC) $(CFLAGS) $(EXTRA) -c -o $@ $<

define proto_rule
$(OUT)/generated/$(1).pb-c.c $(OUT)/generated/$(1).pb-c.h &: src/io/$(1).proto
	@mkdir -p $$(@D)
	@echo '  PROTO $$<'
	$$(Q)protoc-c --c_out=$$(@D) -I$$(<D) $$<

$(OUT)/io/$(1).o: EXTRA = -isystem $(OUT)/generated $$(shell pkg-config --cflags $(PKG_PROTOBUF))
$(OUT)/io/$(1).o: $(OUT)/generated/$(1).pb-c.h
endef
$(foreach proto,$(PROTOS),$(eval $(call proto_rule,$(proto))))

# Not our code, not our warnings.
$(GENERATED:%=%.o): %.o: %.c $(OUT)/flags
	@echo '  CC    $<'
	$(Q)$(CC) $(CFLAGS) -w $(shell pkg-config --cflags $(PKG_PROTOBUF)) -c -o $@ $<

define isa_rule
$(OUT)/kernels/isa/%.$(1).o: src/kernels/isa/%.c $(OUT)/flags
	@mkdir -p $$(@D)
	@echo '  CC    $$< for $(1)'
	$(Q)$(CC) $$(CFLAGS) $$(KERNEL_CFLAGS) $(ISA_CFLAGS_$(1)) -DKERNEL_ISA=$(1) -DKERNEL_ISA_$(1) -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))

# The commit is part of the program: version.c is compiled anew when it changes.
$(OUT)/commit: FORCE
	@mkdir -p $(OUT)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' > $@
$(OUT)/base/version.o: $(OUT)/commit

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# --- tests ------------------------------------------------------------------------------------------
# tests/LAYER/test_*.c: one cmocka program each, linked with its layer and those below it only.
layers_up_to = $(shell echo '$(LAYERS)' | sed 's/\b$(1)\b.*/$(1)/')
TEST_SOURCES := $(wildcard tests/*/test_*.c)
TEST_PROGRAMS := $(patsubst tests/%.c,$(OUT)/tests/%,$(TEST_SOURCES))

define test_rule
$(OUT)/tests/$(1)/%: tests/$(1)/%.c $(foreach layer,$(call layers_up_to,$(1)),$(OUT)/lib$(layer).a) $(OUT)/flags
	@mkdir -p $$(@D)
	@echo '  TEST  $$@'
	$(Q)$(CC) $$(filter-out -Wmissing-prototypes,$$(CFLAGS)) -Wno-conversion -Itests -Isrc/$(1) $$(LDFLAGS) -o $$@ $$< \
	    -Wl,--start-group $(foreach layer,$(call layers_up_to,$(1)),$(OUT)/lib$(layer).a) -Wl,--end-group -lcmocka $$(LDLIBS)
endef
$(foreach layer,$(LAYERS),$(eval $(call test_rule,$(layer))))
# Counts the allocations of our objects (tests/train/wrap.h).
$(OUT)/tests/train/test_memory: LDFLAGS += $(foreach f,malloc calloc realloc mmap,-Wl,--wrap=$(f))

# tests/fuzz/fuzz_X.c: one target each. tests/fuzz/test_X replays its corpus with any compiler; fuzz-X, built by clang,
# makes up more. Allocations of our objects are counted (tests/fuzz/fuzz.c).
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := tests/fuzz/fuzz.c tests/fuzz/h5_recipe.c
FUZZ_CFLAGS = $(filter-out -Wmissing-prototypes,$(CFLAGS)) -Wno-conversion -Itests -Itests/fuzz -Isrc/data -Idatasets \
              $(shell pkg-config --cflags $(PKG_HDF5))
FUZZ_LINK = $(LDFLAGS) $(foreach f,malloc calloc realloc mmap,-Wl,--wrap=$(f)) -o $@ $(filter %.c,$^) \
            -Wl,--start-group $(LIBS) -Wl,--end-group
TEST_PROGRAMS += $(FUZZ_TARGETS:%=$(OUT)/tests/fuzz/test_%)
# A target whose subject is no part of the libraries brings it along.
$(OUT)/tests/fuzz/test_vrml $(OUT)/fuzz-vrml: $(wildcard datasets/kicad3d/vrml*.c datasets/kicad3d/smooth.c datasets/render/mesh.c)

$(OUT)/tests/fuzz/test_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(FUZZ_SHARED) $(LIBS) $(OUT)/flags
	@mkdir -p $(@D)
	@echo '  TEST  $@'
	$(Q)$(CC) $(FUZZ_CFLAGS) -DFUZZ_TARGET='"$*"' $(FUZZ_LINK) -lcmocka $(LDLIBS)

$(OUT)/fuzz-%: tests/fuzz/fuzz_%.c $(FUZZ_SHARED) $(LIBS) $(OUT)/flags
	@echo '  FUZZ  $@'
	$(Q)$(CC) $(FUZZ_CFLAGS) $(FUZZ_LINK) $(LDLIBS)

.PHONY: fuzzers
fuzzers: $(FUZZ_TARGETS:%=$(OUT)/fuzz-%)

SECONDS ?= 20
.PHONY: fuzz
fuzz: ## fuzz all that reads from outside with clang's libFuzzer: SECONDS=20 each, TARGETS="pack image ..."
	$(Q)launch/setup --fuzz
	+$(Q)$(MAKE) --no-print-directory -j$$(nproc) BUILD=fuzz CC=clang fuzzers
	$(Q)tests/fuzz/run $(SECONDS) $(TARGETS)

.PHONY: setup
setup: ## install the libraries that are missing (needs root; else prints the line to run)
	launch/setup

.PHONY: demo
demo: ## install what is missing, build, make a small set of images, train on it, score it (3 minutes)
	$(Q)launch/setup
	+$(Q)$(MAKE) --no-print-directory -j$$(nproc) all build/mechanical
	$(Q)launch/demo

.PHONY: test-programs
test-programs: $(TEST_PROGRAMS)

.PHONY: test
test: ## install what is missing, build, run all tests (at most 15 minutes)
	$(Q)launch/setup --tests
	+$(Q)$(MAKE) --no-print-directory -j$$(nproc) all build/mechanical build/kicad3d test-programs
	$(Q)tests/run $(OUT)

.PHONY: test-cluster
test-cluster: ## what needs root and services: SLURM with two nodes, two hosts, faults, MPICH (15 minutes on two busy cores)
	$(Q)launch/setup --tests --cluster
	+$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(OUT)/tests/dist/test_watchdog
	$(Q)tests/run $(OUT) cluster

.PHONY: test-long
test-long: ## what takes longer: parity with PyTorch at full size, exports in onnxruntime and timm, 1,000 steps of memory, SLURM's interruptions
	launch/setup --tests --parity --cluster --long
	+$(Q)$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	tests/run $(OUT) long

.PHONY: parity
parity: ## compare networks of full size with PyTorch's, torchvision's and timm's (in build/parity; 10 minutes)
	launch/setup --tests --parity
	+$(Q)$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	$(Q)folder=$$(mktemp -d) && tests/parity/long_parity.sh $(OUT) $$folder; code=$$?; rm -rf $$folder; exit $$code

.PHONY: instructions
instructions: all ## count the instructions of the kernels anew: tests/kernels/instructions.txt
	$(Q)launch/setup --tests
	$(Q)folder=$$(mktemp -d) && UMBEL_UPDATE=1 tests/kernels/instructions.sh $(OUT) $$folder | grep -v '^ok'; rm -rf $$folder

# STEPS=N MODELS="resnet50 ..." WORKERS=N BATCH=N IMAGE=N: what is measured, and how long.
.PHONY: bench
bench: all ## measure whole training steps and single kernels on this machine, which should have nothing else to do (5 minutes)
	$(Q)$(PYTHON) tests/bench/models.py $(OUT)/umbel

.PHONY: bench-peer
bench-peer: all ## the same steps in PyTorch: Debian's, and the newest of PyPI in build/peer (5.4 GB); 15 minutes
	$(Q)launch/setup --parity
	$(Q)$(PYTHON) tests/bench/peer.py $(OUT)/umbel

.PHONY: sanitize
sanitize: ## run the test programs under ASan + UBSan, then under TSan
	$(Q)launch/setup --tests
	+$(Q)for build in asan tsan; do \
	    $(MAKE) --no-print-directory -j$$(nproc) BUILD=$$build build/$$build/umbel test-programs && \
	    tests/run build/$$build programs || exit 1; done

# --- installation -----------------------------------------------------------------------------------
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
MANDIR := $(PREFIX)/share/man
DATADIR := $(PREFIX)/share/umbel
DOCDIR := $(PREFIX)/share/doc/umbel
# Where bash-completion and zsh look.
BASHDIR := $(PREFIX)/share/bash-completion/completions
ZSHDIR := $(PREFIX)/share/zsh/site-functions
# The others in launch/ are for those who build.
LAUNCH := launch/local launch/umbel-run launch/umbel.sbatch
# copy MODE FILES FOLDER, beneath DESTDIR
copy = $(if $(strip $(2)),install -d $(DESTDIR)$(3) && install -m $(1) $(2) $(DESTDIR)$(3))

.PHONY: install
install: all ## install program, library, headers, manual pages, completion: PREFIX=/usr/local DESTDIR=
	$(call copy,755,$(OUT)/umbel,$(PREFIX)/bin)
	$(call copy,755,$(OUT)/libumbel.so.$(VERSION),$(LIBDIR))
	ln -sf libumbel.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libumbel.so
	$(call copy,644,$(OUT)/libumbel.a,$(LIBDIR))
	$(call copy,644,include/umbel.h,$(PREFIX)/include)
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@VERSION@|$(VERSION)|; s|@REQUIRES@|$(PKG_LIBRARY)|' \
	    src/lib/umbel.pc.in | install -m 644 /dev/stdin $(DESTDIR)$(LIBDIR)/pkgconfig/umbel.pc
	$(call copy,644,docs/man/umbel.1,$(MANDIR)/man1)
	$(call copy,644,docs/man/umbel.3,$(MANDIR)/man3)
	$(call copy,644,$(wildcard configs/*.yaml),$(DATADIR)/configs)
	$(call copy,755,$(LAUNCH),$(DATADIR)/launch)
	$(call copy,644,launch/supervise.sh,$(DATADIR)/launch)
	install -D -m 644 launch/completion/umbel.bash $(DESTDIR)$(BASHDIR)/umbel
	$(call copy,644,launch/completion/_umbel,$(ZSHDIR))
	$(call copy,644,LICENSE docs/classify.c,$(DOCDIR))

.PHONY: uninstall
uninstall: ## remove what install wrote, from the same PREFIX and DESTDIR
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/bin/umbel $(PREFIX)/include/umbel.h $(LIBDIR)/pkgconfig/umbel.pc \
	    $(addprefix $(LIBDIR)/,libumbel.so.$(VERSION) $(SONAME) libumbel.so libumbel.a) \
	    $(MANDIR)/man1/umbel.1 $(MANDIR)/man3/umbel.3 $(BASHDIR)/umbel $(ZSHDIR)/_umbel)
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)

.PHONY: docs
docs: all build/mechanical ## write what tests document anew: the table of docs/errors.md, what docs/tutorial.md shows
	$(Q)for test in cli/mistakes.sh docs/tutorial.sh; do \
	    folder=$$(mktemp -d) && UMBEL_UPDATE=1 tests/$$test $(OUT) $$folder | grep -v '^ok'; rm -rf $$folder; done

.PHONY: format
format: ## format the C sources
	clang-format -i $$(git ls-files '*.c' '*.h')

TIDY_CFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -Wall -Wextra -isystem $(OUT)/generated $(shell pkg-config --cflags $(PKG_ALL))

.PHONY: lint
lint: $(GENERATED:%=%.h) ## check format and run clang-tidy
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	git ls-files 'src/*.c' | grep -v '/isa/' | xargs -n 1 -P 2 sh -c 'clang-tidy --quiet "$$@" -- $(TIDY_CFLAGS) 2>/dev/null' sh

.PHONY: clean
clean: ## remove everything built
	rm -rf build

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | sort | expand -t 16
	@echo 'Variables: BUILD=release|debug|asan|tsan  CC=gcc|clang  MPI=ompi-c|mpich'
