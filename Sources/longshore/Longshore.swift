@main
struct Longshore {
    static func main() {}
}
