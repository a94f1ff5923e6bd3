/*
 * An instrumented library that is loaded and unloaded again by plugs.c.
 */
int plugged;

void poke(void)
{
	for (int i = 0; i < 10; i++)
		plugged++;
}
