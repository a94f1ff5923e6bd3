# Installation: PREFIX/bin/frontrun, the libraries (LIBDIR/libfrontrun*.so) and LIBDIR/python (LIBDIR =
# PREFIX/lib/frontrun).

LIBRARIES = $(filter %.so,$(PROGRAMS))

PYTHON_FILES := $(sort $(wildcard python/*/*.py))
PYTHON_FOLDERS := $(sort $(dir $(PYTHON_FILES)))

.PHONY: install uninstall

install: all ## install below PREFIX (default /usr/local); DESTDIR for packagers
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)'
	install -m 755 $(B)/frontrun '$(DESTDIR)$(BINDIR)/frontrun'
	install -m 755 $(LIBRARIES) '$(DESTDIR)$(LIBDIR)'
	install -d '$(DESTDIR)$(LIBDIR)/tsan'
	ln -sf ../libfrontrun.so '$(DESTDIR)$(LIBDIR)/tsan/$(GCC_TSAN)'
	ln -sf ../libfrontrun.so '$(DESTDIR)$(LIBDIR)/tsan/libtsan.so'
	install -d $(PYTHON_FOLDERS:%='$(DESTDIR)$(LIBDIR)/%')
	for f in $(PYTHON_FILES); do install -m 644 $$f '$(DESTDIR)$(LIBDIR)'/$$f || exit 1; done

uninstall: ## remove what install put below PREFIX
	rm -f '$(DESTDIR)$(BINDIR)/frontrun' $(LIBRARIES:$(B)/%='$(DESTDIR)$(LIBDIR)/%')
	rm -f '$(DESTDIR)$(LIBDIR)/tsan/$(GCC_TSAN)' '$(DESTDIR)$(LIBDIR)/tsan/libtsan.so'
	-rmdir '$(DESTDIR)$(LIBDIR)/tsan' 2>/dev/null
	rm -f $(PYTHON_FILES:%='$(DESTDIR)$(LIBDIR)/%')
	rm -rf $(PYTHON_FOLDERS:%='$(DESTDIR)$(LIBDIR)/%__pycache__')
	-rmdir $(PYTHON_FOLDERS:%='$(DESTDIR)$(LIBDIR)/%') '$(DESTDIR)$(LIBDIR)/python' 2>/dev/null
	-rmdir '$(DESTDIR)$(LIBDIR)' 2>/dev/null
