//! Programs that several tests fuzz.

/// Takes many branches, and never crashes.
pub const BUSY: &str = r#"
#include <unistd.h>
volatile int sink;
int main(void) {
    unsigned char b[64];
    long n = read(0, b, sizeof b);
    for (long i = 0; i < n; i++) switch (b[i] & 15) {
        case 0: sink += 1; break;  case 1: sink += 2; break;
        case 2: sink ^= 3; break;  case 3: sink -= 4; break;
        case 4: sink *= 5; break;  case 5: sink |= 6; break;
        case 6: sink ^= 7; break;  case 7: sink -= 8; break;
        default: if (b[i] == 'z' && i > 2) sink++;
    }
    return 0;
}
"#;
