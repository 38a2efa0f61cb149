// markdown.cpp - Markdown, by the one adapter that it needs.

#include <comments/markdown/cmark.hpp>

#include <iostream>

int main() { std::cout << comments::markdown::make_renderer().to_html("*Oi*"); }
