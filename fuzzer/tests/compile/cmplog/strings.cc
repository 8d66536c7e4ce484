// What std::string and std::string_view compare.
#include <string>
#include <string_view>

volatile int result;

int main(int count, char **) {
    std::string small(std::size_t(4 + count), 's');
    std::string large(std::size_t(39 + count), 'l');
    std::string twin(std::size_t(4 + count), 't');
    std::string_view view(large);
    int found = small == "equal";
    found += small != "other";
    found += small.compare("compare") > 0;
    found += large.compare(2, 6, "substr") > 0;
    found += large.compare(2, 6, "substring", 3) > 0;
    found += large.find("find-text") != std::string::npos;
    found += large.find(std::string("find-string")) != std::string::npos;
    found += small == twin;
    found += view == "forty bytes, as many as the view's have.";
    result = found;
    return 0;
}
