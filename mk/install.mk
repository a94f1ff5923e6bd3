# Installation: PREFIX/bin/frontrun and LIBDIR/libfrontrun.so (LIBDIR = PREFIX/lib/frontrun).

.PHONY: install uninstall

install: all ## install below PREFIX (default /usr/local); DESTDIR for packagers
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)'
	install -m 755 $(B)/frontrun '$(DESTDIR)$(BINDIR)/frontrun'
	install -m 755 $(B)/libfrontrun.so '$(DESTDIR)$(LIBDIR)/libfrontrun.so'

uninstall: ## remove what install put below PREFIX
	rm -f '$(DESTDIR)$(BINDIR)/frontrun' '$(DESTDIR)$(LIBDIR)/libfrontrun.so'
	-rmdir '$(DESTDIR)$(LIBDIR)' 2>/dev/null
