# make            builds the programs into .build/release
# make demo       shows the main job on this machine, start to end
# make test       passes the tests
# make bench      prints the figures that the README quotes
# demo, test and bench install the Debian packages they need when run as root.

SWIFT = swift
RELEASE = .build/release

build: packages-build
	$(SWIFT) build -c release

demo: build
	docs/demo.sh $(RELEASE)

test: packages-test
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

bench: packages-test
	$(SWIFT) build -c release
	Tests/Benchmarks/run $(RELEASE)

packages-%:
	@.ci/packages $*

clean:
	rm -rf .build

.PHONY: build demo test bench clean
