/// A shell whose completion is known. Its script asks the program for each word, so that there is one place where
/// words are known, and executors that were installed later are completed too.
package enum Shell: String, Sendable, CaseIterable {
    case bash
    case zsh
    case fish

    /// The text to be loaded by the shell.
    /// - Parameter query: the first word by which the program knows that it is asked for words.
    package func completionScript(program: String, query: String) -> String {
        switch self {
        case .bash: Self.bashScript(program, query)
        case .zsh: Self.zshScript(program, query)
        case .fish: Self.fishScript(program, query)
        }
    }

    /// Bash takes `=` for the end of a word: what it has split is put together again, and what stands before the last
    /// `=` is left out of what it gets.
    private static func bashScript(_ program: String, _ query: String) -> String {
        #"""
        # Completion of \#(program) for bash. Load it with: source <(\#(program) completions bash)
        _\#(program)() {
            local -a words=() lines=()
            local index word current glued= source
            for ((index = 1; index <= COMP_CWORD; index++)); do
                word=${COMP_WORDS[index]}
                if [[ $word == = && ${#words[@]} -gt 0 ]]; then
                    words[${#words[@]} - 1]+==
                    glued=yes
                elif [[ -n $glued ]]; then
                    words[${#words[@]} - 1]+=$word
                    glued=
                else
                    words+=("$word")
                fi
            done
            current=${words[${#words[@]} - 1]}
            mapfile -t lines < <("${COMP_WORDS[0]}" \#(query) "${words[@]}" 2>/dev/null)
            source=${lines[0]-}
            COMPREPLY=()
            local rest=${current##*=}
            case $source in
                files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$rest") ;;
                directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$rest") ;;
                programs) mapfile -t COMPREPLY < <(compgen -c -- "$rest" | sort -u) ;;
                words)
                    for word in "${lines[@]:1}"; do
                        word=${word%%$'\t'*}
                        if [[ $current == *=* ]]; then word=${word#"${current%"$rest"}"}; fi
                        COMPREPLY+=("$word")
                    done
                    ;;
            esac
        }
        complete -F _\#(program) \#(program)

        """#
    }

    private static func zshScript(_ program: String, _ query: String) -> String {
        #"""
        #compdef \#(program)
        # Completion of \#(program) for zsh. Put it into a directory of fpath as _\#(program), or: source <(\#(program) completions zsh)
        _\#(program)() {
            local -a lines described
            local line word help
            lines=("${(@f)$("${(Q)words[1]}" \#(query) "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
            case ${lines[1]} in
                files) compset -P '--*='; _files ;;
                directories) compset -P '--*='; _files -/ ;;
                programs) _command_names -e ;;
                words)
                    for line in "${(@)lines[2,-1]}"; do
                        word=${line%%$'\t'*}
                        help=${line#*$'\t'}
                        [[ $line == *$'\t'* ]] || help=
                        described+=("${word//:/\\:}${help:+:$help}")
                    done
                    _describe '\#(program)' described
                    ;;
            esac
        }
        if [[ ${funcstack[1]} == _\#(program) ]]; then _\#(program) "$@"; else compdef _\#(program) \#(program); fi

        """#
    }

    private static func fishScript(_ program: String, _ query: String) -> String {
        #"""
        # Completion of \#(program) for fish. Load it with: \#(program) completions fish | source
        function __\#(program)_complete
            set -l words (commandline --tokenize --cut-at-cursor --current-process)
            set -l current (commandline --current-token --cut-at-cursor)
            set -l lines ($words[1] \#(query) $words[2..] "$current" 2>/dev/null)
            set -l rest (string replace --regex -- '^--[^=]*=' '' "$current")
            set -l lead (string sub --length (math (string length -- "$current") - (string length -- "$rest")) -- "$current")
            switch "$lines[1]"
                case files
                    __fish_complete_path "$rest" | string replace --regex -- '^' "$lead"
                case directories
                    __fish_complete_directories "$rest" | string replace --regex -- '^' "$lead"
                case programs
                    __fish_complete_command
                case words
                    printf '%s\n' $lines[2..]
            end
        end
        complete --command \#(program) --no-files --keep-order --arguments '(__\#(program)_complete)'

        """#
    }
}
