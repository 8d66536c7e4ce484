/* What a program does after main: the destructor of a static object.
 *
 * Look for: it runs in every child.
 */
#include <cstdio>
#include <cstdlib>

namespace {

struct Remembers {
  int command = 0;
  ~Remembers() {
    if (command == '!') std::abort();
  }
};

Remembers remembers;

}  // namespace

int main() {
  remembers.command = std::getchar();
  return remembers.command == EOF ? 3 : 0;
}
