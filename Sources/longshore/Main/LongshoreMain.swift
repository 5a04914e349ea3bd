import LongshoreCommands

@main
enum LongshoreMain {
    static func main() async {
        await LongshoreProgram.run()
    }
}
