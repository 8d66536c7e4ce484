/* The same for what C++ adds. */
#include <iostream>
#include <string>

int main() {
    std::string input;
    std::getline(std::cin, input);
    int found = 0;
    if (input == "equal to this") found |= 1;
    if (input.compare("compared with") == 0) found |= 2;
    if (input.find("to be found") != std::string::npos) found |= 4;
    return found;
}
