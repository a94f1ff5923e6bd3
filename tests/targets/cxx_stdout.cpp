/*
 * Three threads print through std::cout; with an argument without the buffers of C, where lines
 * mix in a way that no standard promises.
 */
#include <iostream>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char **)
{
	std::vector<std::thread> threads;

	if (argc > 1)
		std::ios::sync_with_stdio(false);
	for (int i = 0; i < 3; i++)
		threads.emplace_back([i] {
			for (int line = 0; line < 60; line++) {
				std::cout << "thread " + std::to_string(i) + ", line " +
						     std::to_string(line) + " of some\n";
				if (line % 20 == 0)
					std::cout << std::flush;
			}
		});
	for (std::thread &thread : threads)
		thread.join();
	std::cout << "ok cxx_stdout" << std::endl;
	return 0;
}
