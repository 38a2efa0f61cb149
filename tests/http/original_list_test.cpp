#include <comments/http/original_list.hpp>
